package passwdhttp

import (
	"maps"
	"slices"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/endpoint"
)

func StatusOf(code passwd.Code) int { return statuses[code] }

// PageRoutes returns the methods of all that [Pages] serves, by whole paths.
func PageRoutes(c Config) (map[string][]string, error) {
	p, err := newPages(c)
	if err != nil {
		return nil, err
	}
	return methodsOf(p.base, p.routes()), nil
}

// APIRoutes returns the methods of all that [API] serves, by whole paths.
func APIRoutes(c Config) map[string][]string {
	a := &api{Config: c, face: c.apiFace()}
	return methodsOf(c.Service.BasePath()+apiPath, a.routes())
}

func methodsOf(base string, routes map[string]endpoint.Methods) map[string][]string {
	all := map[string][]string{}
	for path, methods := range routes {
		all[base+path] = slices.Sorted(maps.Keys(methods))
	}
	return all
}
