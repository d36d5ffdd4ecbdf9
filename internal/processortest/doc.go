// Package processortest is for tests that bound how long something may take.
package processortest
