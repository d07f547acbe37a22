// Command app says a phrase in a speech bubble.
package main

import (
	"flag"
	"fmt"
	"strings"

	"dockcache.example/app/internal/bubble"
)

func main() {
	width := flag.Int("width", 40, "the widest a line may get, in cells")
	flag.Parse()
	phrase := strings.Join(flag.Args(), " ")
	if phrase == "" {
		phrase = "nothing to build"
	}
	fmt.Println(bubble.Say(phrase, *width))
}
