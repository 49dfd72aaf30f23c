package loop

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// imageName is what the image is called. It serves as the pod's own container,
// too, which only has to wait.
const imageName = "localhost/auditscan-lab:1"

// image writes an archive with an image of the root file system, which docker and
// ctr can load.
func (w *world) image(t *testing.T) (path string) {
	t.Helper()
	rootfs, _ := w.rootfs(t)
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip(err)
	}
	if _, err := output(exec.Command("cp", busybox, rootfs+"/busybox")); err != nil {
		t.Fatal(err)
	}
	layer, err := output(exec.Command("tar", "-C", rootfs, "-c", "."))
	if err != nil {
		t.Fatal(err)
	}
	config, err1 := json.Marshal(object{
		"architecture": "amd64", "os": "linux", "config": object{"Entrypoint": []string{"/busybox", "sleep", "86400"}, "Env": []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}},
		"rootfs": object{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	manifest, err2 := json.Marshal([]object{{"Config": "config.json", "RepoTags": []string{imageName}, "Layers": []string{"layer.tar"}}})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for name, data := range map[string][]byte{"config.json": config, "layer.tar": layer, "manifest.json": manifest} {
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	path = t.TempDir() + "/image.tar"
	if err := os.WriteFile(path, archive.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
