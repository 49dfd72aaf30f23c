// Package tally counts events: into groups and calls, serials into proof that
// none is missing, and losses into evidence.
//
// It keeps two things apart. [Counts] add up in any order, so that each worker
// keeps its own. A [Proof] is what stands beside them, and has an order: it is
// cut out of a worker's tally block by block and put together in the order of
// the blocks. A [Tally] is both, and its Summary what they come to.
//
// Memory is bounded by [MaxGroups] and [maxPages], not by the log's size.
package tally
