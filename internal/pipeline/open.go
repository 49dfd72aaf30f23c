package pipeline

import (
	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/source/notify"
)

// OpenLive opens a live source by name: notify:PATH is that of seccomp
// notifications, and [source.Live] knows all others.
func OpenLive(name string, o source.LiveOptions, n notify.Options) (source.Stream, error) {
	if path, ok := notify.Path(name); ok {
		return notify.Listen(path, n)
	}
	return source.Live(name, o)
}

// StreamTrust returns the trust of a live source: that of the kernel for the
// audit socket and for notifications, and "" where the form of the records
// decides.
func StreamTrust(s source.Stream) aggregate.Trust {
	if _, notified := notify.Path(s.Name()); notified || s.Name() == source.NetlinkName {
		return aggregate.TrustKernel
	}
	file, ok := s.(interface{ OtherWriters() string })
	if s.Name() == "-" || ok && file.OtherWriters() != "" {
		return aggregate.TrustText
	}
	return ""
}
