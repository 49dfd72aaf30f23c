// Package profile makes seccomp profiles of what was recorded, and tells what
// a profile would answer.
//
// [Build] turns an [aggregate.Summary] into a least-privilege OCI profile,
// with a reason for everything in it that was not observed. [Parse] reads
// OCI's and Docker's form strictly, [Document.Evaluate] settles Docker's
// conditions for one host, and the [Policy] that results tells by
// [Policy.Answer] what libseccomp and the kernel make of a call; [Check] asks
// that for every call of a summary.
//
// # What is modelled
//
// Answers are those of a filter as runc, crun and containerd have libseccomp
// (2.4 to 2.6) make it, not of the JSON's letter: a rule whose outcome equals
// the default is left out, a rule without arguments displaces those with
// arguments whatever their order, of two such the first holds, the more special
// of several conditions wins, the native architecture is always in, and a call
// of an architecture that is not kills its thread. Above the highest number that
// a profile lists runc's stub answers ENOSYS (but see [Environment.NoStub]).
package profile
