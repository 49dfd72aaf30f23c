// Package aggregate holds what is known after reading: a [Summary] of groups
// and their calls, of the inputs, and of whether records are missing. It is
// pure data in a fixed order, so that equal input gives equal output.
//
// [Merge] combines summaries: it unites their calls and keeps the worst
// verdict. [Continue] does so where one summary resumes the inputs of the
// other. A [Filter] leaves out groups and calls, and [Summary.Regroup] groups
// by other [Key]s.
package aggregate
