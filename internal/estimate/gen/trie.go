package main

import (
	"encoding/binary"
	"slices"
)

// The marks of a node; see package estimate.
const (
	hasRank      = 0x80
	hasPrice     = 0x40
	hasTail      = 0x20
	manyChildren = 0x1F

	summedUpTo = 6
)

// entry is what is known of a word.
type entry struct {
	list  byte
	rank  int // in the list, from 1; 0 if in none
	kind  byte
	price float64 // bits; 0 if it has none
}

type node struct {
	entry    entry
	children map[byte]*node
}

func (n *node) insert(word string) *entry {
	for _, b := range []byte(word) {
		if n.children == nil {
			n.children = make(map[byte]*node)
		}
		child := n.children[b]
		if child == nil {
			child = &node{}
			n.children[b] = child
		}
		n = child
	}
	return &n.entry
}

func (n *node) ends() bool { return n.entry.rank > 0 || n.entry.price > 0 }

// encode appends a node and all below it.
func (n *node) encode(out []byte) []byte {
	var tail []byte
	for !n.ends() && len(n.children) == 1 && len(tail) < 255 {
		for b, child := range n.children {
			tail = append(tail, b)
			n = child
		}
	}
	head, kids := byte(0), len(n.children)
	if n.entry.rank > 0 {
		head |= hasRank
	}
	if n.entry.price > 0 {
		head |= hasPrice
	}
	if len(tail) > 0 {
		head |= hasTail
	}
	out = append(out, head|byte(min(kids, manyChildren)))
	if kids >= manyChildren {
		out = append(out, byte(kids))
	}
	if len(tail) > 0 {
		out = append(append(out, byte(len(tail))), tail...)
	}
	if n.entry.rank > 0 {
		out = append(out, n.entry.list, byte(n.entry.rank>>8), byte(n.entry.rank))
	}
	if n.entry.price > 0 {
		out = append(out, n.entry.kind, byte(min(n.entry.price*8, 255)))
	}
	var labels []byte
	for b := range n.children {
		labels = append(labels, b)
	}
	slices.Sort(labels)
	out = append(out, labels...)
	var below []byte
	for i, b := range labels {
		child := n.children[b].encode(nil)
		switch {
		case i > 0 && kids > summedUpTo:
			out = append(out, byte(len(below)>>16), byte(len(below)>>8), byte(len(below)))
		case i < len(labels)-1 && kids <= summedUpTo:
			out = binary.AppendUvarint(out, uint64(len(child)))
		}
		below = append(below, child...)
	}
	return append(out, below...)
}
