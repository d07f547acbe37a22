package bubble

import (
	"strings"
	"testing"
)

func TestAPhraseFitsItsBubble(t *testing.T) {
	want := strings.Join([]string{
		"╭───────╮",
		"│ 早 hi │",
		"╰───────╯",
		`    \`,
		`     \`,
	}, "\n")
	if got := Say("早 hi", 30); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestALongPhraseIsWrapped(t *testing.T) {
	want := strings.Join([]string{
		"╭────────╮",
		"│ one    │",
		"│ bigger │",
		"│ layer  │",
		"╰────────╯",
		`    \`,
		`     \`,
	}, "\n")
	if got := Say("one bigger layer", 8); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
