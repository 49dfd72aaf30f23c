package live

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/container"
)

// A pod's user sets labels and annotations: under another runtime's keys, under
// those that say which runtime it is, and under those of controllers.
func TestAttackPodLabels(t *testing.T) {
	const (
		stolen = `"io.kubernetes.cri.sandbox-name":"payments-0","io.kubernetes.cri.sandbox-namespace":"prod",` +
			`"io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"app","io.kubernetes.cri.sandbox-uid":"` + uid + `",` +
			`"io.kubernetes.docker.type":"container","io.kubernetes.sandbox.id":"` + idC + `",` +
			`"batch.kubernetes.io/job-name":"payments","pod-template-hash":"0"`
		own = `"io.kubernetes.container.name":"POD","io.kubernetes.pod.name":"evil","io.kubernetes.pod.namespace":"sandboxed-users"`
	)
	nested := strings.ReplaceAll(stolen+","+own, `"`, `\"`)
	crio := `{"annotations":{"io.container.manager":"cri-o","io.kubernetes.cri-o.ContainerType":"sandbox",` +
		`"io.kubernetes.cri-o.Labels":"{` + nested + `}",` + stolen + `,` + own + `}}`
	podman := `{"annotations":{"io.container.manager":"libpod",` + stolen + `,` + own + `}}`
	const storage = "run/containers/storage/overlay-containers/" + idA + "/userdata/config.json"
	pause := container.Identity{ID: idA, Name: "POD", Pod: "evil", Namespace: "sandboxed-users"}
	crioPause, dockerPause := pause, pause
	crioPause.Runtime, dockerPause.Runtime = "cri-o", "docker"
	for name, tt := range map[string]struct {
		file, text string
		ref        container.Ref
		want       container.Identity
	}{
		"cri-o":       {storage, crio, container.Ref{ID: idA}, crioPause},
		"cri-o's pod": {storage, strings.Replace(crio, `"cri-o"`, `"libpod"`, 1), container.Ref{ID: idA}, crioPause},
		"podman":      {storage, podman, container.Ref{ID: idA}, container.Identity{ID: idA, Runtime: "podman"}},
		"dockershim": {"var/lib/docker/containers/" + idA + "/config.v2.json",
			`{"Name":"/k8s_POD_evil","Config":{"Labels":{` + strings.Replace(stolen, `docker.type":"container`, `docker.type":"podsandbox`, 1) + `,` + own + `}}}`,
			container.Ref{ID: idA}, dockerPause},
		"docker run --annotation": {taskDir + "moby/" + idA + "/config.json", `{"annotations":{` + stolen + `}}`, container.Ref{ID: idA},
			container.Identity{ID: idA, Runtime: "docker"}},
		"ctr run --annotation": {taskDir + "default/" + idA + "/config.json", `{"annotations":{` + stolen + `}}`, container.Ref{ID: idA},
			container.Identity{ID: idA, Runtime: "containerd"}},
		"runc": {"run/runc/" + idA + "/state.json", `{"config":{"labels":["io.kubernetes.cri.sandbox-name=payments-0"]}}`, container.Ref{ID: idA},
			container.Identity{ID: idA, Runtime: "runc"}},
		"a user's storage": {"home/ann/.local/share/containers/storage/overlay-containers/containers.json",
			`[{"id":"` + idA + `","names":["x"],"metadata":"{\"pod-name\":\"p\",\"namespace\":\"prod\",\"metadata-name\":\"x\",\"uid\":\"` + uid + `\",\"pod-id\":\"` + idB + `\"}"}]`,
			container.Ref{ID: idA, User: "1000"}, container.Identity{ID: idA, Name: "x", Manager: "user@1000.service", Runtime: "podman"}},
	} {
		r, _ := hostTree(t, map[string]string{tt.file: tt.text, "etc/passwd": "ann:x:1000:1000::/home/ann:/bin/sh\n",
			taskDir + "k8s.io/" + idC + "/config.json": criConfig})
		if got := r.identify(tt.ref); got != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, tt.want)
		}
	}
}

func TestAttackNamesOfOthers(t *testing.T) {
	files := map[string]string{
		"var/lib/docker/containers/" + idA + "/config.v2.json": dockerConfig,
		taskDir + "k8s.io/" + idC + "/config.json":             criConfig,
	}
	manager := container.Ref{Name: "user@1000.service", Runtime: "systemd", User: "1000"}
	inManager := manager
	inManager.Inner = "app.service"
	for _, test := range []struct{ ref, want container.Ref }{
		{container.Ref{ID: idA}, container.Ref{ID: idA}},
		{container.Ref{ID: idC, Inner: idB}, container.Ref{ID: idC, Inner: idB}}, // docker in docker
		{container.Ref{ID: idC, Inner: idA}, container.Ref{ID: idC}},             // C made a cgroup named after A
		{container.Ref{Name: "web", Runtime: "lxc", Inner: idA}, container.Ref{Name: "web", Runtime: "lxc"}},
		{container.Ref{Name: "app.service", Inner: idA}, container.Ref{Name: "app.service"}},
		{container.Ref{ID: idC, Inner: "nginx.service"}, container.Ref{ID: idC, Inner: "nginx.service"}},
		{container.Ref{ID: idB, User: "1000"}, container.Ref{ID: idB, User: "1000"}}, // rootless
		{container.Ref{ID: idA, User: "1000"}, manager},                              // a user made a cgroup named after A
		{container.Ref{ID: idB, User: "1000", Inner: idA}, container.Ref{ID: idB, User: "1000"}},
		{manager, manager},
		{inManager, inManager},
	} {
		r, _ := hostTree(t, files)
		for range 2 { // asked, then cached
			if got := r.Settle(test.ref); got != test.want {
				t.Errorf("Settle(%+v)\n got %+v\nwant %+v", test.ref, got, test.want)
			}
		}
	}
}

// A container's id stays the host's when the container has gone.
func TestAttackNamesOfThoseGone(t *testing.T) {
	r, _ := hostTree(t, nil)
	r.Settle(container.Ref{ID: idA}) // runs, and leaves nothing on disk
	if got := r.Settle(container.Ref{ID: idA, User: "1000"}); got.ID != "" {
		t.Errorf("a user takes the id of a container that has gone: %+v", got)
	}
	if got := r.Settle(container.Ref{ID: idC, Inner: idA}); got.Inner != "" {
		t.Errorf("a container takes the id of one that has gone: %+v", got)
	}
}

// What one owner makes up is bounded, for himself alone, and said.
func TestAttackMadeUpContainers(t *testing.T) {
	r, _ := hostTree(t, nil)
	made := func(owner container.Ref) (refs int) {
		all := map[container.Ref]bool{}
		for range 2 {
			r.claims.settled = nil // forgotten, as after many others
			for i := range maxMade + 100 {
				ref := owner
				if name := fmt.Sprintf("%064x", i); owner.User != "" {
					ref.ID = name
				} else {
					ref.Inner = name
				}
				all[r.Settle(ref)] = true
			}
		}
		first := owner
		if first.ID, first.Inner = fmt.Sprintf("%064x", 0), ""; owner.User == "" {
			first.ID, first.Inner = owner.ID, first.ID
		}
		if r.claims.settled = nil; r.Settle(first) != first {
			t.Errorf("%+v is not told apart any more", first)
		}
		return len(all)
	}
	for _, owner := range []container.Ref{{User: "1000"}, {ID: idA}, {Name: "web", Runtime: "lxc"}} {
		checkProblemCount(t, r, 0)
		if got := made(owner); got != maxMade+1 { // and the owner
			t.Errorf("%+v: %d different ones, want %d", owner, got, maxMade+1)
		}
		if p := r.Problems(); len(p) != 1 || !strings.Contains(p[0].Detail, "more than 1024") {
			t.Errorf("problems: %v", p)
		}
		r.problems = container.Problems{}
	}
	if got := made(container.Ref{User: "1001"}); got != maxMade+1 {
		t.Errorf("another user has room for %d", got)
	}
}

func checkProblemCount(t *testing.T, r *Resolver, want int) {
	t.Helper()
	if got := r.Problems(); len(got) != want {
		t.Errorf("problems: %v, want %d", got, want)
	}
}

func TestHostIDsAreBounded(t *testing.T) {
	var c claims
	for i := range maxHostIDs + 10 {
		c.addHost(fmt.Sprint(i))
	}
	if len(c.hosts) != 10 {
		t.Errorf("%d ids, want those since the bound was reached", len(c.hosts))
	}
}

// names are what somebody could call a cgroup, to pass for a victim.
func hostileNames() []string {
	names := []string{"x", "docker", "lxc", "ecs", "libpod_parent", "kubepods", "system.slice", "init.scope", "container", "pod" + uid,
		"user.slice", "user-0.slice", "user-1000.slice", "session-3.scope", "machine-a.scope", "nginx.service", "app.service",
		"user@0.service", "user@1000.service", "containerd.service", "docker.service", "lxc.payload.web", "kubelet.slice"}
	for _, id := range []string{idA, idB, idC, "0f1e2d3c4b5a69788796a5b4c3d2e1f0-1234567890"} {
		names = append(names, id, "docker-"+id+".scope", "cri-containerd-"+id+".scope", "crio-"+id+".scope", "libpod-"+id+".scope", "libpod-"+id,
			"libpod-conmon-"+id+".scope", "kubepods-pod"+uid+".slice:cri-containerd:"+id, "x-"+id)
	}
	return names
}

// TestAttackAnyPath: whatever cgroups somebody makes in his own part of
// the tree, and however many hierarchies there are, a process of his counts for
// him, or for a container that is marked as his.
func TestAttackAnyPath(t *testing.T) {
	files := map[string]string{
		"var/lib/docker/containers/" + idA + "/config.v2.json": dockerConfig,
		taskDir + "k8s.io/" + idC + "/config.json":             criConfig,
		"etc/passwd": "ann:x:1000:1000::/home/ann:/bin/sh\n",
	}
	const mine = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
	parts := []string{
		"/docker/" + mine, "/system.slice/docker-" + mine + ".scope", "/kubepods/burstable/pod" + uid + "/" + mine,
		"/kubepods.slice/kubepods-pod" + uid + ".slice/cri-containerd-" + mine + ".scope", "/machine.slice/libpod-" + mine + ".scope/container",
		"/system.slice/containerd.service/kubepods-pod" + uid + ".slice:cri-containerd:" + mine, "/libpod_parent/libpod-" + mine, "/../../pod" + uid + "/" + mine,
		"/lxc.payload.guest", "/lxc/guest", "/system.slice/mine.service", "/machine.slice/systemd-nspawn@mine.service/payload",
		"/machine.slice/machine-mine.scope", "/system.slice/run-u1.scope",
		"/user.slice/user-1000.slice/user@1000.service", "/user.slice/user-1000.slice/user@1000.service/app.slice", "/user.slice/user-1000.slice/session-9.scope",
	}
	owners := map[string]bool{"": true, mine: true, "guest": true, "mine.service": true, "systemd-nspawn@mine.service": true, "user@1000.service": true}
	r, _ := hostTree(t, files)
	rnd := rand.New(rand.NewPCG(3, 14))
	names := hostileNames()
	nested := 0
	for range 200_000 {
		part := parts[rnd.IntN(len(parts))]
		var text strings.Builder
		for h := range 1 + rnd.IntN(2) {
			below := part
			for range rnd.IntN(6) {
				below = path.Join(below, names[rnd.IntN(len(names))])
			}
			fmt.Fprintf(&text, "%d::%s\n", h, strings.Replace(below, "/pod", "/../../pod", strings.Count(part, "/../../")))
		}
		ref, ok := container.ParseCgroup([]byte(text.String()))
		if !ok {
			continue
		}
		id := r.identify(r.Settle(ref))
		switch {
		case id.Manager == "user@1000.service" && strings.Contains(part, "user-1000.slice"): // it is not the host's
			if id.ID == idA || id.ID == idC || id.Pod+id.Namespace != "" {
				t.Fatalf("%s: his own %+v bears the name of another's", text.String(), id)
			}
		case !owners[id.ID]:
			t.Fatalf("%s is taken for %+v", text.String(), id)
		}
		if id.Nested == idA || id.Nested == idC || id.Pod != "" {
			t.Fatalf("%s: %+v bears the name of another's", text.String(), id)
		}
		if id.Nested != "" {
			nested++
		}
	}
	if nested < 1000 {
		t.Errorf("only %d nested ones: the test proves little", nested)
	}
}
