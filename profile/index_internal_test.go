package profile

import (
	"strings"
	"testing"
)

// TestFileName checks that names from a log are safe as file names, and that
// no two of them share a file.
func TestFileName(t *testing.T) {
	names := []string{
		"nginx", "web-0", "index", "../../etc/cron.d/x", "/usr/sbin/nginx", "-usr-sbin-nginx", "a b", "a-b", "a\nb", ".hidden", "..",
		"", strings.Repeat("x", 65), strings.Repeat("x", 66), "\u202egpj.exe", "runc:[2:INIT]", "CON", "nul.x y", "a/b", "a_x0123456789ab",
		"shop/web-0", "shop_web-0", "k8s_shop_web-0", "shop/web-0/app", "shop/web_0/app", "a/b_c", "a_b/c", "a/b/c", "/a/b", "../b",
	}
	seen := map[string]string{}
	for _, name := range names {
		file := fileName(name)
		if other, ok := seen[file]; ok {
			t.Errorf("%q and %q share %s", name, other, file)
		}
		seen[file] = name
		if len(file) > 80 || strings.HasPrefix(file, ".") || strings.Trim(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
			t.Errorf("%q becomes %q, which is not safe", name, file)
		}
		if isDevice(file) {
			t.Errorf("%q becomes %q, which Windows takes for a device", name, file)
		}
		if file == IndexName {
			t.Errorf("%q takes the place of the index", name)
		}
		if again := fileName(strings.TrimSuffix(file, ".json")); again == file && file != name+".json" {
			t.Errorf("a program could call itself %q and share the file of %q", strings.TrimSuffix(file, ".json"), name)
		}
	}
	for name, want := range map[string]string{"nginx": "nginx.json", "shop/web-0/app": "k8s_shop_web-0_app.json"} {
		if got := fileName(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}
