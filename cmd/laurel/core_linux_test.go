package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNoCoreDumps: a process that holds keys leaves no image of its memory
// behind, and a crash writes none.
func TestNoCoreDumps(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("root is missing, and in CI it must be there")
		}
		t.Skip("NOT TESTED: root is missing, and only root may look at the limits of a process that may not be looked at")
	}
	laurel, folder := laurelBinary(t), t.TempDir()
	init := exec.CommandContext(t.Context(), laurel, "init", "--data", filepath.Join(folder, "data"), "--base-url", "http://127.0.0.1:1", "--issuer", "a", "--name", "A")
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	serve := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -c unlimited && exec "$0" serve --data data --listen 127.0.0.1:0`, laurel)
	serve.Dir = folder
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	proc := fmt.Sprint("/proc/", serve.Process.Pid)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(folder, "data", "admin.sock")); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("the service did not start")
		}
	}
	limits, err := os.ReadFile(proc + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "Max core file size") && (fields[4] != "0" || fields[5] != "0") {
			t.Errorf("a core may be written: %s", line)
		}
	}
	if !strings.Contains(string(limits), "Max core file size") {
		t.Error("the limits do not tell")
	}
	if err := serve.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	_ = serve.Wait()
	if status, ok := serve.ProcessState.Sys().(syscall.WaitStatus); !ok || status.CoreDump() {
		t.Errorf("it dumped its memory: %v", serve.ProcessState)
	}
}
