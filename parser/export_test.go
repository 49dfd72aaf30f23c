package parser

// WithoutMemo makes p read every record through the general reader.
func WithoutMemo(p *Parser) *Parser {
	p.memo.off = true
	return p
}
