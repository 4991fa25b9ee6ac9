package testrun

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// PeakMemory returns the most that a process has had resident, in bytes. Only Linux tells;
// elsewhere, and of a process that has ended, the error is fs.ErrNotExist.
func PeakMemory(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmHWM in its status") // of a zombie
}
