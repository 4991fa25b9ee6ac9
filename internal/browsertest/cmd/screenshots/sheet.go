package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"math"
	"slices"
)

const gap = 10

var mat = color.RGBA{0x80, 0x84, 0x90, 0xff}

// sheet puts pictures beside each other, and encodes them as small as it can.
func sheet(columns []image.Image) ([]byte, error) {
	size := image.Point{gap, 0}
	for _, c := range columns {
		size.X += c.Bounds().Dx() + gap
		size.Y = max(size.Y, c.Bounds().Dy()+2*gap)
	}
	all := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(all, all.Bounds(), image.NewUniform(mat), image.Point{}, draw.Src)
	x := gap
	for _, c := range columns {
		at := image.Rect(x, gap, x+c.Bounds().Dx(), size.Y-gap)
		// A page that is shorter goes on in its own colour.
		draw.Draw(all, at, image.NewUniform(c.At(c.Bounds().Min.X, c.Bounds().Min.Y)), image.Point{}, draw.Src)
		draw.Draw(all, at, c, c.Bounds().Min, draw.Over)
		x = at.Max.X + gap
	}
	var data bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err := encoder.Encode(&data, indexed(all))
	return data.Bytes(), err
}

// indexed returns a picture in at most 256 colours. Those of areas stay what they
// are; the edges of letters have too many shades, and become coarser.
func indexed(p *image.RGBA) *image.Paletted {
	counts := map[color.RGBA]int{}
	for i := 0; i < len(p.Pix); i += 4 {
		counts[at(p, i)]++
	}
	all := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	out := image.NewPaletted(p.Bounds(), nil)
	var index map[color.RGBA]uint8
	for bits := 8; index == nil; bits-- {
		index, out.Palette = reduce(all, bits)
	}
	for i := range out.Pix {
		out.Pix[i] = index[at(p, 4*i)]
	}
	return out
}

func at(p *image.RGBA, i int) color.RGBA { return color.RGBA{p.Pix[i], p.Pix[i+1], p.Pix[i+2], 0xff} }

// kept is how many of the colours that occur most stay as they are.
const kept = 48

// reduce returns a palette of the colours, in their order, the rarer ones reduced
// to bits bits per channel, and the place of each in it. It returns none if that
// were more than 256.
func reduce(all []color.RGBA, bits int) (map[color.RGBA]uint8, color.Palette) {
	step := 255 / float64(int(1)<<bits-1)
	coarse := func(v uint8) uint8 { return uint8(math.Round(math.Round(float64(v)/step) * step)) }
	index, place := map[color.RGBA]uint8{}, map[color.RGBA]uint8{}
	var palette color.Palette
	for i, c := range all {
		shown := c
		if i >= kept {
			shown = color.RGBA{coarse(c.R), coarse(c.G), coarse(c.B), 0xff}
		}
		at, known := place[shown]
		if !known {
			if len(palette) == 256 {
				return nil, nil
			}
			at = uint8(len(palette))
			place[shown] = at
			palette = append(palette, shown)
		}
		index[c] = at
	}
	return index, palette
}
