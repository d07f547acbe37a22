module dockcache.example/app

go 1.26

require github.com/muesli/reflow v0.3.0

require (
	github.com/mattn/go-runewidth v0.0.12 // indirect
	github.com/rivo/uniseg v0.2.0 // indirect
)
