// Package ext is where others may extend Traefik's configuration. Upstream's is not published apart from its repository.
package ext

// HTTP extends the configuration of a provider by nothing.
type HTTP struct{}

// Router extends a router by nothing.
type Router struct{}
