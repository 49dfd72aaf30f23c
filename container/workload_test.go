package container

import "testing"

func TestWorkload(t *testing.T) {
	for _, test := range []struct {
		pod     string
		labels  map[string]string
		want    string
		guessed bool
	}{
		{"web-5d4f8c7b9c-x2x4z", nil, "web", true},
		{"my-web-5d4f8c7b9c-x2x4z", nil, "my-web", true},
		{"web-aeiou12345-x2x4z", nil, "web-aeiou12345", true}, // no hash: vowels
		{"web-bcdfghj-x2x4z", nil, "web-bcdfghj", true},       // too short for a hash
		{"web-bcdfghjk-x2x4z", nil, "web", true},
		{"web-bcdfghjklm-x2x4z", nil, "web", true},
		{"web-bcdfghjklmn-x2x4z", nil, "web-bcdfghjklmn", true},
		{"web-2847312-x2x4z", nil, "web-2847312", true}, // too few minutes
		{"web-x2x4", nil, "", false},
		{"web-x2x4zz", nil, "", false},
		{"kube-proxy-mn7xb", nil, "kube-proxy", true},
		{"db-12", nil, "db", true},
		{"backup-28473120-q9x7z", nil, "backup", true},
		{"nginx", nil, "", false},
		{"kube-apiserver-master", nil, "", false},
		{"", nil, "", false},
		{"-x2x4z", nil, "", false},
		{"web-", nil, "", false},
		{"api-7f9-abcde", nil, "", false},
		{"api-7f9-bcdfg", map[string]string{labelTemplateHash: "7f9"}, "api", false},
		{"api-7f9-bcdfg", map[string]string{labelTemplateHash: "other"}, "api-7f9", true},
		{"node-exporter-mn7xb", map[string]string{labelRevisionHash: "5c9f"}, "node-exporter", false},
		{"db-12", map[string]string{labelRevisionHash: "db-5c9f"}, "db", false},
		{"migrate-x2x4z", map[string]string{labelJobName: "migrate"}, "migrate", false},
		{"evil-x2x4z", map[string]string{labelJobName: "migrate"}, "evil", true}, // a label of its user's
		{"migrate-x2x4z", map[string]string{labelJobName: "../x"}, "migrate", true},
	} {
		if got, guessed := Workload(test.pod, test.labels); got != test.want || guessed != test.guessed {
			t.Errorf("Workload(%q, %v) = %q, %v, want %q, %v", test.pod, test.labels, got, guessed, test.want, test.guessed)
		}
	}
}
