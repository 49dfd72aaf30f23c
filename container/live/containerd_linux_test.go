package live_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/source/notify"
	"github.com/auditscan/auditscan/syscalltable"
)

// cri speaks to a runtime as kubelet does. The few messages of the Container
// Runtime Interface that are needed (k8s.io/cri-api, runtime.v1) do not weigh
// up gRPC and its dependencies.
type cri struct{ client *http.Client }

func newCRI(socket string) cri {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return cri{&http.Client{Transport: &http.Transport{Protocols: &protocols, DialContext: dial}}}
}

// call makes a call and returns the answer.
func (c cri) call(method string, request message) ([]byte, error) {
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(request)))
	r, err := http.NewRequest(http.MethodPost, "http://cri/runtime.v1."+method, bytes.NewReader(append(frame, request...)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	answer, err := c.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.Trailer.Get("Grpc-Status") != "0" || len(body) < len(frame) {
		return nil, fmt.Errorf("%s: %s%s", method, answer.Header.Get("Grpc-Message"), answer.Trailer.Get("Grpc-Message"))
	}
	return body[len(frame):], nil
}

// id makes a call whose answer is an id, field 1.
func (c cri) id(t *testing.T, method string, request message) string {
	t.Helper()
	answer, err := c.call(method, request)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer) != 2+64 {
		t.Fatalf("%s: answer %q, want an id", method, answer)
	}
	return string(answer[2:])
}

// message is an encoded protobuf message; its methods append fields.
type message []byte

func (m message) bytes(field int, data []byte) message {
	m = binary.AppendUvarint(m, uint64(field)<<3|2)
	return append(binary.AppendUvarint(m, uint64(len(data))), data...)
}

func (m message) text(field int, s string) message { return m.bytes(field, []byte(s)) }

func (m message) number(field int, n uint64) message {
	return binary.AppendUvarint(binary.AppendUvarint(m, uint64(field)<<3), n)
}

// hostNetwork is a NamespaceOption: no network plugin is needed.
var hostNetwork = message(nil).number(1, 2)

// containerd is a running daemon with all of its state below root.
type containerd struct {
	cri
	root, socket string
}

const testImage = "auditscan.test/busybox:1"

// startContainerd runs the real daemon until the test is over. It skips the
// test if the daemon does not run here.
func startContainerd(t *testing.T) containerd {
	t.Helper()
	audittest.NeedRunc(t)
	if _, err := exec.LookPath("containerd"); err != nil || os.Getuid() != 0 {
		t.Skip("containerd is not installed, or this is not root")
	}
	root, err := os.MkdirTemp("/tmp", "") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	d := containerd{root: root, socket: filepath.Join(root, "sock")}
	d.cri = newCRI(d.socket)
	config := filepath.Join(root, "config.toml")
	text := fmt.Sprintf(`version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`, filepath.Join(root, "var/lib/containerd"), filepath.Join(root, "run/containerd"), d.socket, testImage)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d.start(t, exec.Command("containerd", "--config", config))
	return d
}

// start starts the daemon and waits until it answers.
func (d containerd) start(t *testing.T, daemon *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	daemon.Stdout, daemon.Stderr = &log, &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- daemon.Wait() }()
	t.Cleanup(func() {
		daemon.Process.Signal(os.Interrupt)
		err := <-ended
		ended <- err
		if t.Failed() {
			t.Logf("containerd: %v\n%s", err, log.Bytes())
		}
	})
	tick := time.NewTicker(50 * time.Millisecond) // nothing tells when it does
	defer tick.Stop()
	for {
		if _, err := d.call("RuntimeService/Version", nil); err == nil {
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Skipf("containerd does not run here: %v\n%s", err, log.Bytes())
		case <-tick.C:
		}
	}
}

// load gives the daemon an image of nothing but busybox, that sleeps.
func (d containerd) load(t *testing.T) {
	t.Helper()
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	layer := tarOf(t, map[string][]byte{"bin/busybox": busybox})
	config := marshal(t, object{
		"architecture": runtime.GOARCH, "os": "linux", "config": object{"Entrypoint": []string{"/bin/busybox", "sleep", "600"}},
		"rootfs": object{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	manifest := marshal(t, []object{{"Config": "config.json", "RepoTags": []string{testImage}, "Layers": []string{"layer.tar"}}})
	image := filepath.Join(d.root, "image.tar")
	archive := tarOf(t, map[string][]byte{"layer.tar": layer, "config.json": config, "manifest.json": manifest})
	if err := os.WriteFile(image, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ctr", "--address", d.socket, "--namespace", "k8s.io", "images", "import", "--snapshotter", "native", image).CombinedOutput()
	if err != nil {
		t.Fatalf("ctr: %v\n%s", err, out)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for { // what serves pods hears of it a little later
		answer, err := d.call("ImageService/ImageStatus", message(nil).bytes(1, message(nil).text(1, testImage)))
		if err != nil {
			t.Fatal(err)
		}
		if len(answer) > 0 {
			return
		}
		<-tick.C
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tarOf(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// notifying listens for the calls of containers, whom names knows, and returns
// the profile that has them told of.
func notifying(t *testing.T, dir string, names *live.Resolver) (file string, calls source.Stream) {
	t.Helper()
	socket := filepath.Join(dir, "notify")
	calls, err := notify.Listen(socket, notify.Options{Identify: names.Started})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { calls.Close() })
	host, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	d, err := profile.NotifyRecording(nil, host, socket)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := d.Write(&text, profile.FormatOCI, profile.Meta{}); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, "notify.json")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, calls
}

// firstContainer returns the container of the first call that is told of.
func firstContainer(t *testing.T, calls source.Stream) (id container.Identity) {
	t.Helper()
	for {
		c, err := calls.Next(t.Context())
		if err != nil || len(c.Notes) > 0 {
			t.Fatal(err, c.Notes)
		}
		if line, _, ok := bytes.Cut(c.Lines, []byte("\n")); ok {
			event := struct{ Container *container.Identity }{&id}
			if err := json.Unmarshal(line, &event); err != nil {
				t.Fatal(err)
			}
			return id
		}
	}
}

// What containerd's CRI plugin writes for a pod names its container, and tells
// it from the pause container; and so does what runc tells of it to a listener.
func TestNamesFromContainerd(t *testing.T) {
	d := startContainerd(t)
	d.load(t)
	uid := audittest.RandomHex(t, 4) + "-0000-4000-8000-" + audittest.RandomHex(t, 6)
	parent := "/auditscan-test-" + audittest.RandomHex(t, 4)
	t.Cleanup(func() { audittest.RemoveCgroups(t, parent) })

	names, err := live.NewResolver(d.root)
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	seccomp, calls := notifying(t, d.root, names)

	security := message(nil).bytes(1, hostNetwork)
	pod := message(nil).
		bytes(1, message(nil).text(1, "web-5d4f8c7b6d-bcdfg").text(2, uid).text(3, "shop")).
		text(3, filepath.Join(d.root, "logs")).
		bytes(8, message(nil).text(1, parent+"/kubepods/burstable/pod"+uid).bytes(2, security))
	sandbox := d.id(t, "RuntimeService/RunPodSandbox", message(nil).bytes(1, pod))
	defer func() {
		for _, method := range []string{"RuntimeService/StopPodSandbox", "RuntimeService/RemovePodSandbox"} {
			if _, err := d.call(method, message(nil).text(1, sandbox)); err != nil {
				t.Error(err)
			}
		}
	}()
	app := message(nil).
		bytes(1, message(nil).text(1, "app")).
		bytes(2, message(nil).text(1, testImage)).
		bytes(15, message(nil).bytes(2, message(nil).bytes(3, hostNetwork).text(10, "localhost/"+seccomp)))
	id := d.id(t, "RuntimeService/CreateContainer", message(nil).text(1, sandbox).bytes(2, app).bytes(3, pod))
	if _, err := d.call("RuntimeService/StartContainer", message(nil).text(1, id)); err != nil {
		t.Fatal(err)
	}

	told := firstContainer(t, calls)
	list, err := live.List(names)
	if err != nil {
		t.Fatal(err)
	}
	pause := container.Identity{ID: sandbox, Name: container.PauseName, Pod: "web-5d4f8c7b6d-bcdfg", Namespace: "shop",
		Runtime: "containerd", Via: container.ViaDirect}
	want := pause
	want.ID, want.Name, want.Image, want.Workload, want.WorkloadGuessed = id, "app", testImage, "web", true
	for _, want := range []container.Identity{pause, want} {
		i := slices.IndexFunc(list, func(p container.Process) bool { return p.Container.ID == want.ID })
		if i < 0 {
			t.Errorf("%s is not listed", want.Name)
		} else if got := *list[i].Container; got != want {
			t.Errorf("listed as %+v\nwant      %+v", got, want)
		}
	}
	if want.Via = container.ViaRuntime; told != want {
		t.Errorf("the listener is told of %+v\nwant                       %+v", told, want)
	}
	if p := names.Problems(); len(p) > 0 {
		t.Errorf("problems: %v", p)
	}
}
