package container

import "strings"

// Labels that controllers put on the pods that they make, see
// https://kubernetes.io/docs/reference/labels-annotations-taints/.
const (
	labelTemplateHash = "pod-template-hash"        // Deployment
	labelRevisionHash = "controller-revision-hash" // DaemonSet, StatefulSet
	labelJobName      = "batch.kubernetes.io/job-name"
)

// Workload returns what a pod was made from: by its labels, else guessed
// from its name. It is empty for a pod that nothing seems to have made.
func Workload(pod string, labels map[string]string) (name string, guessed bool) {
	if hash := labels[labelTemplateHash]; hash != "" {
		if name, ok := strings.CutSuffix(dropSuffix(pod, isRandom), "-"+hash); ok {
			return name, false
		}
	}
	if job := labels[labelJobName]; ValidName(job) {
		return job, false
	}
	name = guessWorkload(pod)
	return name, name != "" && labels[labelRevisionHash] == ""
}

// guessWorkload drops what controllers append to their own name:
//
//	Deployment             -HASH-RANDOM
//	CronJob                -MINUTES-RANDOM
//	DaemonSet, ReplicaSet  -RANDOM
//	StatefulSet            -ORDINAL
func guessWorkload(pod string) string {
	name := dropSuffix(pod, isRandom)
	switch {
	case name != pod:
		return dropSuffix(name, func(s string) bool { return isTemplateHash(s) || isMinutes(s) })
	case dropSuffix(pod, isDigits) != pod:
		return dropSuffix(pod, isDigits)
	}
	return ""
}

// dropSuffix returns name without its last dash and what follows, if is says
// so of what follows and something is left.
func dropSuffix(name string, is func(string) bool) string {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 || i == len(name)-1 || !is(name[i+1:]) {
		return name
	}
	return name[:i]
}

func isRandom(s string) bool { return len(s) == 5 && isSafeEncoded(s) }

func isTemplateHash(s string) bool { return len(s) >= 8 && len(s) <= 10 && isSafeEncoded(s) }

// isMinutes reports whether s can be a CronJob's time, in minutes since 1970.
func isMinutes(s string) bool { return len(s) >= 8 && isDigits(s) }

// isSafeEncoded reports whether s is of the letters and digits that
// Kubernetes draws from: no vowels, so that no words come out.
func isSafeEncoded(s string) bool {
	for i := range len(s) {
		if strings.IndexByte("bcdfghjklmnpqrstvwxz2456789", s[i]) < 0 {
			return false
		}
	}
	return true
}
