package parser

// General makes p read every line and record through the general reader.
func General(p *Parser) *Parser {
	p.general = true
	return p
}
