# program: ImageMagick
# packages: imagemagick-6.q16
# needs: /usr/bin/convert-im6.q16 /usr/bin/identify-im6.q16
# etc: ImageMagick-6
work() {
	convert-im6.q16 -size 300x200 gradient:red-blue a.png
	convert-im6.q16 a.png -resize 50% -rotate 20 -blur 0x2 -quality 80 b.jpg
	convert-im6.q16 a.png b.jpg -append c.gif && convert-im6.q16 c.gif -crop 10x10+5+5 -format '%wx%h\n' info:
	identify-im6.q16 -format '%m %wx%h\n' a.png b.jpg c.gif && convert-im6.q16 nothing.png d.png 2>/dev/null || echo "no such file: $?"
}
