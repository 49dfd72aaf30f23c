// Package aggregate is what is known after reading: a [Summary] of groups and
// their calls, of the inputs, and of whether records are missing. It is pure
// data, in a fixed order, so that equal input gives equal output.
//
// Summaries combine through [Merge], which unites their calls and keeps the
// worst verdict, and through [Continue] where one goes on with the other's
// inputs. A [Filter] leaves groups and calls out, [Summary.Regroup] tells the
// groups apart by other [Key]s.
package aggregate
