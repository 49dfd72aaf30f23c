package live

const (
	idA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0000000000000000000000000000000a"
	idB = "b123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	uid = "2f6a1b3c-4d5e-6f70-8192-a3b4c5d6e7f8"
)
