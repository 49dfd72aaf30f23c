package live

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
)

const idC = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

// hostTree makes a root directory with files in it and returns a Resolver
// that reads it, and its clock.
func hostTree(t *testing.T, files map[string]string) (*Resolver, *time.Time) {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		writeFile(t, filepath.Join(root, name), text)
	}
	r, err := NewResolver(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	now := time.Unix(1_700_000_000, 0)
	r.now = func() time.Time { return now }
	return r, &now
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The texts of Podman (4.3.1) and runc (1.1.5) are cut down from files that
// they wrote; those of containerd, CRI-O and Docker have the keys that their
// sources write.
const (
	criConfig = `{"ociVersion":"1.1.0","process":{"args":["nginx"]},"annotations":{
		"io.kubernetes.cri.container-name":"nginx","io.kubernetes.cri.container-type":"container",
		"io.kubernetes.cri.image-name":"registry.example/nginx:1.27","io.kubernetes.cri.sandbox-id":"` + idB + `",
		"io.kubernetes.cri.sandbox-name":"web-5d4f8c7b9c-x2x4z","io.kubernetes.cri.sandbox-namespace":"prod",
		"io.kubernetes.cri.sandbox-uid":"` + uid + `"}}`
	criSandbox = `{"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-id":"` + idB + `",
		"io.kubernetes.cri.sandbox-name":"web-5d4f8c7b9c-x2x4z","io.kubernetes.cri.sandbox-namespace":"prod"}}`
	crioConfig = `{"annotations":{"io.container.manager":"cri-o","io.kubernetes.cri-o.ContainerType":"container",
		"io.kubernetes.cri-o.ImageName":"registry.example/app/api:3","io.kubernetes.cri-o.SandboxID":"` + idB + `",
		"io.kubernetes.cri-o.Labels":"{\"io.kubernetes.container.name\":\"api\",\"io.kubernetes.pod.name\":\"api-7f9-bcdfg\",\"io.kubernetes.pod.namespace\":\"prod\",\"io.kubernetes.pod.uid\":\"` + uid + `\"}"}}`
	crioSandbox = `{"annotations":{"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.cri-o.Labels":
		"{\"io.kubernetes.container.name\":\"POD\",\"io.kubernetes.pod.name\":\"api-7f9-bcdfg\",\"io.kubernetes.pod.namespace\":\"prod\",\"pod-template-hash\":\"7f9\"}"}}`
	dockerConfig = `{"ID":"` + idA + `","Name":"/web","Config":{"Hostname":"x","Image":"nginx:1.27",
		"Labels":{"io.kubernetes.pod.name":"victim","maintainer":"NGINX"}}}`
	dockerPod = `{"Name":"/k8s_nginx_web-0_prod_` + uid + `_0","Config":{"Image":"sha256:0f1e","Labels":{
		"io.kubernetes.container.name":"nginx","io.kubernetes.docker.type":"container","io.kubernetes.pod.name":"web-0",
		"io.kubernetes.pod.namespace":"prod","io.kubernetes.sandbox.id":"` + idB + `"}}}`
	dockerSandbox = `{"Name":"/k8s_POD_web-0_prod_` + uid + `_0","Config":{"Labels":{"io.kubernetes.docker.type":"podsandbox",
		"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"prod","controller-revision-hash":"web-5c9f"}}}`
	podmanList = `[{"id":"` + idC + `","names":["other"],"metadata":"{}"},{"id":"` + idA + `","names":["web-pod"],
		"image":"3e23","layer":"6368","metadata":"{\"image-name\":\"localhost/bb:1\",\"image-id\":\"3e23\",\"name\":\"web-pod\",\"created-at\":1795456549}"}]`
	crioList = `[{"id":"` + idA + `","names":["k8s_api_api-0_prod_x_0"],"metadata":
		"{\"pod-name\":\"k8s_POD_api-0\",\"pod-id\":\"` + idB + `\",\"image-name\":\"registry.example/app/api:3\",\"name\":\"k8s_api_api-0_prod_x_0\",\"metadata-name\":\"api\"}"}]`
	runcState = `{"id":"` + idA + `","init_process_pid":18419,"init_process_start":253316,"config":{"labels":[
		"io.kubernetes.cri.container-name=nginx","io.kubernetes.cri.sandbox-name=web-0","io.kubernetes.cri.sandbox-namespace=prod","bundle=/run/x"]}}`
	podmanState = `{"config":{"labels":["io.container.manager=libpod","io.kubernetes.pod.name=victim"]}}`
)

const taskDir = "run/containerd/io.containerd.runtime.v2.task/"

var namesTests = []struct {
	name  string
	files map[string]string
	ref   container.Ref
	want  container.Identity
}{
	{"containerd", map[string]string{taskDir + "k8s.io/" + idA + "/config.json": criConfig}, container.Ref{ID: idA},
		container.Identity{ID: idA, Name: "nginx", Image: "registry.example/nginx:1.27", Pod: "web-5d4f8c7b9c-x2x4z", Namespace: "prod",
			Workload: "web", WorkloadGuessed: true, Runtime: "containerd"}},
	{"k3s", map[string]string{"run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" + idA + "/config.json": criConfig}, container.Ref{ID: idA},
		container.Identity{ID: idA, Name: "nginx", Image: "registry.example/nginx:1.27", Pod: "web-5d4f8c7b9c-x2x4z", Namespace: "prod",
			Workload: "web", WorkloadGuessed: true, Runtime: "containerd"}},
	{"pause", map[string]string{taskDir + "k8s.io/" + idB + "/config.json": criSandbox}, container.Ref{ID: idB, Runtime: "containerd"},
		container.Identity{ID: idB, Name: "POD", Pod: "web-5d4f8c7b9c-x2x4z", Namespace: "prod", Runtime: "containerd"}},
	{"cri-o", map[string]string{
		"run/containers/storage/overlay-containers/" + idA + "/userdata/config.json": crioConfig,
		"run/containers/storage/overlay-containers/" + idB + "/userdata/config.json": crioSandbox,
	}, container.Ref{ID: idA, Runtime: "cri-o"},
		container.Identity{ID: idA, Name: "api", Image: "registry.example/app/api:3", Pod: "api-7f9-bcdfg", Namespace: "prod", Workload: "api", Runtime: "cri-o"}},
	{"cri-o's pause", map[string]string{"run/containers/storage/overlay-containers/" + idB + "/userdata/config.json": crioSandbox},
		container.Ref{ID: idB}, container.Identity{ID: idB, Name: "POD", Pod: "api-7f9-bcdfg", Namespace: "prod", Runtime: "cri-o"}},
	{"cri-o's list and the log's name", map[string]string{
		"var/lib/containers/storage/overlay-containers/containers.json": crioList,
		"var/log/containers/api-0_prod_api-" + idA + ".log":             "",
	}, container.Ref{ID: idA}, container.Identity{ID: idA, Name: "api", Image: "registry.example/app/api:3", Pod: "api-0", Namespace: "prod",
		Workload: "api", WorkloadGuessed: true, Runtime: "cri-o"}},
	{"docker", map[string]string{"var/lib/docker/containers/" + idA + "/config.v2.json": dockerConfig}, container.Ref{ID: idA, Runtime: "docker"},
		container.Identity{ID: idA, Name: "web", Image: "nginx:1.27", Runtime: "docker"}},
	{"docker under kubernetes", map[string]string{
		"var/lib/docker/containers/" + idA + "/config.v2.json": dockerPod,
		"var/lib/docker/containers/" + idB + "/config.v2.json": dockerSandbox,
	}, container.Ref{ID: idA}, container.Identity{ID: idA, Name: "nginx", Image: "sha256:0f1e", Pod: "web-0", Namespace: "prod",
		Workload: "web", Runtime: "docker"}},
	{"docker's pause", map[string]string{"var/lib/docker/containers/" + idB + "/config.v2.json": dockerSandbox}, container.Ref{ID: idB},
		container.Identity{ID: idB, Name: "POD", Pod: "web-0", Namespace: "prod", Runtime: "docker"}},
	{"podman", map[string]string{"var/lib/containers/storage/overlay-containers/containers.json": podmanList},
		container.Ref{ID: idA, Runtime: "podman"}, container.Identity{ID: idA, Name: "web-pod", Image: "localhost/bb:1", Runtime: "podman"}},
	{"podman --rm", map[string]string{
		"run/containers/storage/vfs-containers/volatile-containers.json": podmanList,
		"run/runc/" + idA + "/state.json":                                podmanState,
	}, container.Ref{ID: idA}, container.Identity{ID: idA, Name: "web-pod", Image: "localhost/bb:1", Runtime: "podman"}},
	{"podman rootless", map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n",
		"home/ann/.local/share/containers/storage/overlay-containers/containers.json": podmanList,
	}, container.Ref{ID: idA, Runtime: "podman", User: "1000"}, container.Identity{ID: idA, Name: "web-pod", Image: "localhost/bb:1", Manager: "user@1000.service", Runtime: "podman"}},
	{"another user's list", map[string]string{
		"etc/passwd": "ann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n",
		"home/ann/.local/share/containers/storage/overlay-containers/containers.json": podmanList,
		"var/lib/docker/containers/" + idA + "/config.v2.json":                        dockerConfig,
	}, container.Ref{ID: idA, Runtime: "podman", User: "1001"}, container.Identity{ID: idA, Manager: "user@1001.service", Runtime: "podman"}},
	{"runc", map[string]string{"run/containerd/runc/k8s.io/" + idA + "/state.json": runcState}, container.Ref{ID: idA, Runtime: "containerd"},
		container.Identity{ID: idA, Name: "nginx", Pod: "web-0", Namespace: "prod", Workload: "web", WorkloadGuessed: true, Runtime: "containerd"}},
	{"plain runc", map[string]string{"run/runc/" + idA + "/state.json": `{"config":{"labels":["bundle=/b"]}}`}, container.Ref{ID: idA},
		container.Identity{ID: idA, Runtime: "runc"}},
	{"log's name alone", map[string]string{"var/log/containers/kube-proxy-mn7xb_kube-system_kube-proxy-" + idA + ".log": ""}, container.Ref{ID: idA},
		container.Identity{ID: idA, Name: "kube-proxy", Pod: "kube-proxy-mn7xb", Namespace: "kube-system", Workload: "kube-proxy", WorkloadGuessed: true}},
	{"unknown", nil, container.Ref{ID: idA, Runtime: "docker"}, container.Identity{ID: idA, Runtime: "docker"}},
	{"unit", nil, container.Ref{Name: "nginx.service", Runtime: "systemd"}, container.Identity{ID: "nginx.service", Name: "nginx.service", Runtime: "systemd"}},
}

func TestIdentify(t *testing.T) {
	for _, test := range namesTests {
		t.Run(test.name, func(t *testing.T) {
			r, _ := hostTree(t, test.files)
			if got := r.identify(test.ref); got != test.want {
				t.Errorf("identify(%+v)\n got %+v\nwant %+v", test.ref, got, test.want)
			}
			if p := r.Problems(); len(p) > 0 {
				t.Errorf("problems: %v", p)
			}
		})
	}
}

func TestIdentifyKeepsWhatIsGone(t *testing.T) {
	r, now := hostTree(t, map[string]string{taskDir + "k8s.io/" + idA + "/config.json": criConfig})
	want := r.identify(container.Ref{ID: idA})
	if err := r.files.root.RemoveAll("run"); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(time.Hour)
	if got := r.identify(container.Ref{ID: idA}); got != want || got.Name != "nginx" {
		t.Errorf("after the files went: %+v, before: %+v", got, want)
	}
	// A container known by its pod's cgroup alone is of that pod.
	got := r.identify(container.Ref{ID: idC, PodUID: uid})
	if got.Pod != "web-5d4f8c7b9c-x2x4z" || got.Namespace != "prod" || got.Name != "" {
		t.Errorf("nested in a pod: %+v", got)
	}
	if got := r.identify(container.Ref{ID: idC, PodUID: uid, User: "1000"}); got.Pod != "" {
		t.Errorf("a user's cgroup named like a pod's: %+v", got)
	}
}

func TestIdentifyAsksAgain(t *testing.T) {
	r, now := hostTree(t, nil)
	if got := r.identify(container.Ref{ID: idA}); got.Name != "" {
		t.Fatalf("%+v", got)
	}
	writeFile(t, filepath.Join(r.files.root.Name(), "var/log/containers/web-0_prod_nginx-"+idA+".log"), "")
	*now = now.Add(firstWait - 1)
	if got := r.identify(container.Ref{ID: idA}); got.Name != "" {
		t.Errorf("asked again too early: %+v", got)
	}
	*now = now.Add(1)
	if got := r.identify(container.Ref{ID: idA}); got.Name != "nginx" || got.Workload != "web" {
		t.Errorf("not asked again: %+v", got)
	}
}

// TestIdentifyAsksRarely: a container without a name is asked for more and more
// rarely, but at least once a minute.
func TestIdentifyAsksRarely(t *testing.T) {
	r, now := hostTree(t, nil)
	r.identify(container.Ref{ID: idA})
	for range 20 { // many times more than it takes to wait longest
		*now = now.Add(time.Hour)
		r.identify(container.Ref{ID: idA})
	}
	writeFile(t, filepath.Join(r.files.root.Name(), "var/log/containers/web-0_prod_nginx-"+idA+".log"), "")
	*now = now.Add(maxWait - 1)
	if got := r.identify(container.Ref{ID: idA}); got.Name != "" {
		t.Errorf("asked again too early: %+v", got)
	}
	*now = now.Add(1)
	if got := r.identify(container.Ref{ID: idA}); got.Name != "nginx" {
		t.Errorf("not asked again: %+v", got)
	}
}

func TestIdentifyCacheIsBounded(t *testing.T) {
	r, _ := hostTree(t, nil)
	r.files.root.Close() // each look at the disk is one problem, not an answer
	for i := range maxNamed + 10 {
		r.identify(container.Ref{ID: idA, User: strings.Repeat("1", i%3+1) + string(rune('a'+i))})
	}
	if len(r.cache) != maxNamed || len(r.oldest) != maxNamed {
		t.Errorf("%d and %d cached, want %d", len(r.cache), len(r.oldest), maxNamed)
	}
}

// crioTree is what CRI-O leaves of a container with more annotations.
func crioTree(annotations string) map[string]string {
	return map[string]string{"run/containers/storage/overlay-containers/" + idA + "/userdata/config.json": `{"annotations":{"io.container.manager":"cri-o","io.kubernetes.cri-o.ContainerType":"container",` + annotations + `}}`}
}

func TestAttackNames(t *testing.T) {
	long := strings.Repeat("a", 300)
	deep := strings.Repeat("[", 20_000)
	config := func(annotations string) map[string]string {
		return map[string]string{taskDir + "k8s.io/" + idA + "/config.json": `{"annotations":{` + annotations + `}}`}
	}
	for _, test := range []struct {
		name    string
		files   map[string]string
		want    container.Identity
		problem string
	}{
		{"path separators", config(`"io.kubernetes.cri.container-name":"../../etc/cron.d/x","io.kubernetes.cri.sandbox-name":"web-0"`),
			container.Identity{Pod: "web-0", Workload: "web", WorkloadGuessed: true, Runtime: "containerd"}, "a name with characters"},
		{"control bytes", config(`"io.kubernetes.cri.container-name":"a\u001b[2Jb\n"`), container.Identity{Runtime: "containerd"}, "a name with characters"},
		{"dots", config(`"io.kubernetes.cri.container-name":".."`), container.Identity{Runtime: "containerd"}, "a name with characters"},
		{"long", config(`"io.kubernetes.cri.sandbox-name":"` + long + `"`), container.Identity{Runtime: "containerd"}, "of a length"},
		{"bidi image", config(`"io.kubernetes.cri.image-name":"nginx\u202e"`), container.Identity{Runtime: "containerd"}, "an image with characters"},
		{"1 MB", config(`"x":"` + strings.Repeat("x", 1<<20) + `"`), container.Identity{}, "larger than 1 MiB"},
		{"deep", map[string]string{taskDir + "k8s.io/" + idA + "/config.json": `{"annotations":` + deep}, container.Identity{}, "exceeded max depth"},
		{"cut", map[string]string{taskDir + "k8s.io/" + idA + "/config.json": criConfig[:100]}, container.Identity{}, "unexpected end of JSON"},
		{"wrong type", config(`"io.kubernetes.cri.container-name":7`), container.Identity{}, "cannot unmarshal number"},
		{"null labels", crioTree(`"io.kubernetes.cri-o.Labels":"null"`), container.Identity{Runtime: "cri-o"}, ""},
		{"labels cut", crioTree(`"io.kubernetes.cri-o.Labels":"{","io.kubernetes.container.name":"a"`),
			container.Identity{Name: "a", Runtime: "cri-o"}, "unexpected end of JSON"},
		{"log name", map[string]string{"var/log/containers/a_b-" + idA + ".log": ""}, container.Identity{}, "POD_NAMESPACE_CONTAINER-ID.log"},
		{"metadata", map[string]string{"var/lib/containers/storage/overlay-containers/containers.json": `[{"id":"` + idA + `","names":["x"],"metadata":"{"}]`},
			container.Identity{Name: "x", Runtime: "podman"}, "unexpected end of JSON"},
		{"directory for a file", map[string]string{taskDir + "k8s.io/" + idA + "/config.json/x": ""}, container.Identity{}, "not a regular file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, _ := hostTree(t, test.files)
			test.want.ID = idA
			if got := r.identify(container.Ref{ID: idA}); got != test.want {
				t.Errorf("\n got %+v\nwant %+v", got, test.want)
			}
			checkProblems(t, r.Problems(), test.problem)
		})
	}
}

// checkProblems wants exactly one problem with a text, or none for "".
func checkProblems(t *testing.T, got []container.Problem, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) == 0:
	case want != "" && len(got) == 1 && strings.Contains(got[0].String(), want):
	default:
		t.Errorf("problems %v, want one with %q", got, want)
	}
}

func TestSymbolicLinksStayInside(t *testing.T) {
	outside := t.TempDir()
	writeFile(t, filepath.Join(outside, idA, "config.v2.json"), dockerConfig)
	r, _ := hostTree(t, map[string]string{"var/lib/docker/x": "", "srv/ctr/" + idB + "/config.v2.json": dockerConfig})
	link := filepath.Join(r.files.root.Name(), dockerDir)
	if err := os.Symlink(outside, link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if got := r.identify(container.Ref{ID: idA}); got != (container.Identity{ID: idA}) {
		t.Errorf("followed a link out of the root: %+v", got)
	}
	checkProblems(t, r.Problems(), "/"+dockerDir+": path escapes from parent")

	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../../srv/ctr", link); err != nil {
		t.Fatal(err)
	}
	if got := r.identify(container.Ref{ID: idB}); got.Name != "web" {
		t.Errorf("did not follow a link inside of the root: %+v", got)
	}
}
