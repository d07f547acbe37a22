// Package bubble draws speech bubbles.
package bubble

import (
	"strings"

	"github.com/muesli/reflow/ansi"
	"github.com/muesli/reflow/padding"
	"github.com/muesli/reflow/wordwrap"
)

const tail = "    \\\n     \\"

// Say returns the phrase in a bubble, wrapped between words to lines of at most width cells.
func Say(phrase string, width int) string {
	lines := strings.Split(wordwrap.String(phrase, width), "\n")
	widest := 0
	for _, line := range lines {
		widest = max(widest, ansi.PrintableRuneWidth(line))
	}
	var out strings.Builder
	edge := strings.Repeat("─", widest+2)
	out.WriteString("╭" + edge + "╮\n")
	for _, line := range lines {
		out.WriteString("│ " + padding.String(line, uint(widest)) + " │\n")
	}
	out.WriteString("╰" + edge + "╯\n" + tail)
	return out.String()
}
