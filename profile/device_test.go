package profile

import "testing"

func TestIsDevice(t *testing.T) {
	for name, want := range map[string]bool{
		"CON.json": true, "nul.json": true, "Aux": true, "com1.tar.gz": true, "LPT9": true, "COM¹.json": true, "con .json": true, "conin$": true,
		"console.json": false, "com.json": false, "com10.json": false, "nginx.json": false, "": false, ".con": false, "x.con": false, "LPTx": false,
	} {
		if got := isDevice(name); got != want {
			t.Errorf("isDevice(%q) = %v", name, got)
		}
	}
}
