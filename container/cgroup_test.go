package container

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

const (
	idA  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0000000000000000000000000000000a"
	idB  = "b123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	uid  = "2f6a1b3c-4d5e-6f70-8192-a3b4c5d6e7f8"
	uid_ = "2f6a1b3c_4d5e_6f70_8192_a3b4c5d6e7f8"
	hash = "0f1e2d3c4b5a69788796a5b4c3d2e1f0" // the uid of a static pod
	task = "0f1e2d3c4b5a69788796a5b4c3d2e1f0-1234567890"
)

var cgroupTests = []struct {
	name, text string
	want       Ref // the zero Ref: nothing
}{
	{"docker cgroupfs", "0::/docker/" + idA, Ref{ID: idA, Runtime: "docker"}},
	{"docker systemd", "0::/system.slice/docker-" + idA + ".scope", Ref{ID: idA, Runtime: "docker"}},
	{"kubepods cgroupfs", "0::/kubepods/burstable/pod" + uid + "/" + idA, Ref{ID: idA, PodUID: uid}},
	{"kubepods systemd", "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uid_ + ".slice/cri-containerd-" + idA + ".scope",
		Ref{ID: idA, Runtime: "containerd", PodUID: uid}},
	{"guaranteed", "0::/kubepods.slice/kubepods-pod" + uid_ + ".slice/cri-containerd-" + idA + ".scope",
		Ref{ID: idA, Runtime: "containerd", PodUID: uid}},
	{"colons", "11:memory:/system.slice/containerd.service/kubepods-burstable-pod" + uid_ + ".slice:cri-containerd:" + idA,
		Ref{ID: idA, Runtime: "containerd", PodUID: uid}},
	{"static pod", "0::/kubepods/burstable/pod" + hash + "/" + idA, Ref{ID: idA, PodUID: hash}},
	{"kind cgroupfs", "0::/docker/" + idB + "/kubelet/kubepods/besteffort/pod" + uid + "/" + idA,
		Ref{ID: idB, Runtime: "docker", Inner: idA}},
	{"kind systemd", "0::/system.slice/docker-" + idB + ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" + uid_ + ".slice/cri-containerd-" + idA + ".scope",
		Ref{ID: idB, Runtime: "docker", Inner: idA}},
	{"forged pod", "0::/kubepods/pod" + uid + "/" + idB + "/pod" + hash + "/" + idA, Ref{ID: idB, PodUID: uid, Inner: idA}},
	{"kind's own services", "0::/docker/" + idB + "/system.slice/containerd.service", Ref{ID: idB, Runtime: "docker", Inner: "containerd.service"}},
	{"docker in docker", "0::/docker/" + idB + "/docker/" + idA, Ref{ID: idB, Runtime: "docker", Inner: idA}},
	{"docker in a pod", "0::/kubepods/pod" + uid + "/" + idB + "/docker/" + idA, Ref{ID: idB, PodUID: uid, Inner: idA}},
	{"systemd in podman, a user logged in", "0::/machine.slice/libpod-" + idA + ".scope/container/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
		Ref{ID: idA, Runtime: "podman", Inner: "x.service"}},
	{"podman in podman", "0::/machine.slice/libpod-" + idA + ".scope/container/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + idB + ".scope",
		Ref{ID: idA, Runtime: "podman", Inner: idB}},
	{"systemd in docker", "0::/docker/" + idA + "/init.scope", Ref{ID: idA, Runtime: "docker"}},
	{"cri-o", "0::/kubepods.slice/kubepods-pod" + uid_ + ".slice/crio-" + idA + ".scope", Ref{ID: idA, Runtime: "cri-o", PodUID: uid}},
	{"cri-o with crun", "0::/kubepods.slice/kubepods-pod" + uid_ + ".slice/crio-" + idA + ".scope/container", Ref{ID: idA, Runtime: "cri-o", PodUID: uid}},
	{"cri-o cgroupfs", "0::/kubepods/pod" + uid + "/crio-" + idA, Ref{ID: idA, Runtime: "cri-o", PodUID: uid}},
	{"podman", "0::/machine.slice/libpod-" + idA + ".scope", Ref{ID: idA, Runtime: "podman"}},
	{"podman with crun", "0::/machine.slice/libpod-" + idA + ".scope/container", Ref{ID: idA, Runtime: "podman"}},
	{"podman cgroupfs", "0::/libpod_parent/libpod-" + idA, Ref{ID: idA, Runtime: "podman"}},
	{"podman in a pod", "0::/machine.slice/machine-libpod_pod_" + idB + ".slice/libpod-" + idA + ".scope", Ref{ID: idA, Runtime: "podman"}},
	{"podman in a pod, cgroupfs", "0::/libpod_parent/" + idB + "/libpod-" + idA, Ref{ID: idA, Runtime: "podman"}},
	{"podman rootless", "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + idA + ".scope/container", Ref{ID: idA, Runtime: "podman", User: "1000"}},
	{"cgroup namespace", "0::/../../pod" + uid + "/" + idA, Ref{ID: idA, PodUID: uid}},
	{"ecs", "9:memory:/ecs/0f1e2d3c4b5a69788796a5b4c3d2e1f0/" + task, Ref{ID: task, Runtime: "ecs"}},
	{"runc by systemd", "0::/system.slice/runc-" + idA + ".scope", Ref{ID: idA}},
	{"deleted", "0::/docker/" + idA + " (deleted)", Ref{ID: idA, Runtime: "docker"}},
	{"v1", "12:pids:/docker/" + idA + "\n11:memory:/docker/" + idA + "\n1:name=systemd:/docker/" + idA, Ref{ID: idA, Runtime: "docker"}},
	{"hybrid", "4:memory:/docker/" + idA + "\n1:name=systemd:/system.slice/docker.service\n0::/", Ref{ID: idA, Runtime: "docker"}},
	{"hybrid, deepest", "3:cpu:/docker/" + idB + "\n2:pids:/docker/" + idB + "/docker/" + idA + "\n1:name=systemd:/docker/" + idB,
		Ref{ID: idB, Runtime: "docker", Inner: idA}},
	{"hybrid, a user's line first", "1:name=systemd:/user.slice/user-1000.slice/user@1000.service/" + idB + "\n4:memory:/docker/" + idA, Ref{ID: idA, Runtime: "docker"}},
	{"hybrid, lxc", "1:name=systemd:/user.slice/user-1000.slice/user@1000.service/" + idB + "\n4:memory:/lxc.payload.web-1", Ref{Name: "web-1", Runtime: "lxc"}},
	{"service", "0::/system.slice/nginx.service", Ref{Name: "nginx.service", Runtime: "systemd"}},
	{"template", `0::/system.slice/system-getty.slice/getty@tty1.service`, Ref{Name: "getty@tty1.service", Runtime: "systemd"}},
	{"service below a service", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service",
		Ref{Name: "user@1000.service", Runtime: "systemd", User: "1000", Inner: "nginx.service"}},
	{"docker of a user", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker.service/docker/" + idA,
		Ref{ID: idA, Runtime: "docker", User: "1000"}},
	{"made in a user's session", "0::/user.slice/user-1000.slice/session-3.scope/" + idA, Ref{ID: idA, User: "1000"}},
	{"a service made in a user's session", "0::/user.slice/user-1000.slice/session-3.scope/nginx.service",
		Ref{Name: "user@1000.service", Runtime: "systemd", User: "1000", Inner: "nginx.service"}},
	{"another's manager made by a user", "0::/user.slice/user-1000.slice/user@1000.service/user@0.service/" + idA, Ref{ID: idA, User: "1000"}},
	{"a guest made by a user", "0::/user.slice/user-1000.slice/user@1000.service/lxc.payload.web-1",
		Ref{Name: "user@1000.service", Runtime: "systemd", User: "1000", Inner: "web-1"}},
	{"a user's pod", "0::/user.slice/user-1000.slice/user@1000.service/kubepods/pod" + uid + "/" + idA, Ref{ID: idA, User: "1000"}},
	{"user manager, seen from a cgroup namespace", "0::/../../user@1000.service/" + idA, Ref{ID: idA, User: "1000"}},
	{"made by a service", "0::/system.slice/app.service/docker/" + idA, Ref{Name: "app.service", Runtime: "systemd", Inner: idA}},
	{"made by a guest of systemd-nspawn", "0::/machine.slice/systemd-nspawn@a.service/payload/docker/" + idA,
		Ref{Name: "systemd-nspawn@a.service", Runtime: "systemd", Inner: idA}},
	{"made in a scope", "0::/machine.slice/machine-a.scope/payload/docker/" + idA, Ref{}},
	{"a runtime's own processes", "0::/system.slice/containerd.service", Ref{Name: "containerd.service", Runtime: "systemd"}},
	{"nested in a container of a runtime's service", "0::/system.slice/containerd.service/kubepods-pod" + uid_ + ".slice:cri-containerd:" + idA + "/" + idB,
		Ref{ID: idA, Runtime: "containerd", PodUID: uid, Inner: idB}},
	{"lxc", "0::/lxc.payload.web-1/system.slice/nginx.service", Ref{Name: "web-1", Runtime: "lxc", Inner: "nginx.service"}},
	{"lxc before 4.0", "4:memory:/lxc/web-1/docker/" + idA, Ref{Name: "web-1", Runtime: "lxc", Inner: idA}},
	{"docker in lxc", "0::/lxc.payload.web-1/docker/" + idA, Ref{Name: "web-1", Runtime: "lxc", Inner: idA}},

	{"empty", "", Ref{}},
	{"root", "0::/", Ref{}},
	{"session", "0::/user.slice/user-0.slice/session-3.scope", Ref{}},
	{"lxc monitor", "0::/lxc.monitor.web-1", Ref{}},
	{"cri-o's conmon", "0::/kubepods.slice/kubepods-pod" + uid_ + ".slice/crio-conmon-" + idA + ".scope", Ref{}},
	{"podman's conmon", "0::/machine.slice/libpod-conmon-" + idA + ".scope", Ref{}},
	{"podman's conmon, cgroupfs", "0::/libpod_parent/" + idB + "/conmon", Ref{}},
	{"podman's pod", "0::/machine.slice/machine-libpod_pod_" + idB + ".slice", Ref{}},
	{"a pod without container", "0::/kubepods/pod" + uid, Ref{}},
	{"32 digits", "4:memory:/process_api/0daebcfc52f368568d36a2244acf3507", Ref{}},
	{"63 digits", "0::/docker/" + idA[1:], Ref{}},
	{"65 digits", "0::/docker/a" + idA, Ref{}},
	{"upper case", "0::/docker/" + strings.ToUpper(idA), Ref{}},
	{"buildkit", "0::/docker/buildkit/x7nsp9q0al3kzmy5w6h2b1vjc", Ref{}},
	{"no path", "0:" + idA, Ref{}},
}

func TestParseCgroup(t *testing.T) {
	for _, test := range cgroupTests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := ParseCgroup([]byte(test.text + "\n"))
			if test.want == (Ref{}) {
				if ok {
					t.Errorf("ParseCgroup(%q) = %+v, want nothing", test.text, got)
				}
				return
			}
			if !ok || got != test.want {
				t.Errorf("ParseCgroup(%q)\n got %+v, %v\nwant %+v", test.text, got, ok, test.want)
			}
		})
	}
}

var (
	idForm  = regexp.MustCompile(`^([0-9a-f]{64}|[0-9a-f]{32}-[0-9]{1,20})$`)
	uidForm = regexp.MustCompile(`^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$`)
)

func FuzzParseCgroup(f *testing.F) {
	for _, test := range cgroupTests {
		f.Add([]byte(test.text + "\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		ref, ok := ParseCgroup(text)
		if ok != (ref.ID != "" || ref.Name != "") {
			t.Fatalf("%+v, %v: neither id nor name", ref, ok)
		}
		if !ok {
			return
		}
		if ref.ID != "" && (ref.Name != "" || !idForm.MatchString(ref.ID) || !bytes.Contains(text, []byte(ref.ID))) {
			t.Fatalf("id of %+v", ref)
		}
		if strings.ContainsAny(ref.Inner, "/ \n") || ref.User != "" && !strings.Contains(string(text), "user") {
			t.Fatalf("inner or user of %+v", ref)
		}
		if !uidForm.MatchString(ref.PodUID) || strings.ContainsAny(ref.Name, "/ \n") {
			t.Fatalf("pod or name of %+v", ref)
		}
		// A line without an id changes nothing about one with.
		if more, _ := ParseCgroup(append([]byte("9:misc:/\n"), text...)); more != ref {
			t.Fatalf("%+v with one line more, %+v without", more, ref)
		}
	})
}
