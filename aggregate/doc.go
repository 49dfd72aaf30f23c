// Package aggregate counts what the parser yields: records into groups and
// calls, serials into proof that none is missing, and losses into evidence.
//
// A [Builder] counts one stretch of one run. Builders merge: chunks parsed in
// parallel, several files and several nodes all combine through
// [Builder.Merge], and the order of merging changes no number. Reports that
// were saved combine through [Merge], which unites their calls.
//
// Memory is bounded by [MaxGroups] and [maxPages], not by the log's size.
package aggregate
