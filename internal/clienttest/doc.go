// Package clienttest has nothing but a test: that clients can be generated from the
// OpenAPI documents, and work.
package clienttest
