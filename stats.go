package passwd

// Stats are figures of a service's hashing. Waiting that stays above 0 asks for
// more workers, or for fewer requests; Refused that grows does so urgently.
type Stats struct {
	Running int    // hashes that are being computed
	Waiting int    // calls that wait for a turn
	Memory  int64  // bytes that what runs holds; 0 if Config.Hasher is no Inspector
	Hashed  uint64 // turns that have ended, since New
	Refused uint64 // calls that found the line full and got ErrBusy, since New
}

// Stats returns the figures of the moment. It is cheap, and the same for all
// services that [Service.With] and [Service.InTenant] have made of one.
func (s *Service) Stats() Stats { return s.gate.stats() }

func (g *gate) stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Stats{Running: g.running, Waiting: g.line.Len(), Memory: g.used, Hashed: g.hashed, Refused: g.refused}
}
