// Package tally counts events: into groups and calls, serials into proof that
// none is missing, and losses into evidence.
//
// It separates two things. [Counts] add up in any order, so each worker keeps
// its own. A [Proof], everything else, has an order: it is cut out of a
// worker's tally block by block and joined in the order of the blocks. A
// [Tally] has both, and its Summary is the result.
//
// Memory is bounded by [aggregate.MaxGroups] and [maxPages], not by the log's size.
package tally
