package sqlstore

import (
	"context"

	"github.com/passwd-go/passwd"
	"github.com/passwd-go/passwd/internal/limitkey"
)

// trimGroups bounds the groups that a call has added a key to. Without that, an account
// whose owner is on mobile networks would have a row for each of them for a month.
func (s *Store) trimGroups(ctx context.Context, steps []passwd.Step, taken []passwd.Taken) error {
	for i, step := range steps {
		group := limitkey.Group(step.Key)
		if group == "" || step.Do != passwd.StepTake || taken[i].Wait > 0 || taken[i].Count != 1 {
			continue
		}
		err := s.once(ctx, "limit", counted, func(q querier) error {
			_, err := q.exec(ctx, &s.queries.trimTries, group+":", group+";", limitkey.MaxGroup) // all that begin with "group:"
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
