#include "textflag.h"

// HALVES leaves in out the grams that the bytes in in can belong to, by the
// tables of their low and high halves; Y6 masks a half.
#define HALVES(in, low, high, out) \
	VPAND Y6, in, Y10       \
	VPSRLW $4, in, Y11      \
	VPAND Y6, Y11, Y11      \
	VPSHUFB Y10, low, Y10   \
	VPSHUFB Y11, high, Y11  \
	VPAND Y10, Y11, out

// ASCII is HALVES where no gram has a byte above 0x7f, nor any: those that are
// give none, and of the others VPSHUFB takes the low half by itself.
#define ASCII(in, low, high, out) \
	VPSRLW $4, in, Y11      \
	VPAND Y6, Y11, Y11      \
	VPSHUFB in, low, Y10    \
	VPSHUFB Y11, high, Y11  \
	VPAND Y10, Y11, out

// func searchGram(s []byte, t *gramTables) (line, newlines int)
//
// 64 places at a time, in two halves: each byte, the one after it and the one
// after that are looked up by their halves, and a place where all six agree on
// a gram is it. R8 counts the newlines up to it. R9 has those of the 64 places;
// R10 those of the last places that have any, which are at R11.
TEXT ·searchGram(SB), NOSPLIT, $0-48
	MOVQ s_base+0(FP), SI
	MOVQ s_len+8(FP), CX
	MOVQ t+24(FP), DI
	VBROADCASTI128 0(DI), Y0
	VBROADCASTI128 16(DI), Y1
	VBROADCASTI128 32(DI), Y2
	VBROADCASTI128 48(DI), Y3
	VBROADCASTI128 64(DI), Y4
	VBROADCASTI128 80(DI), Y5
	MOVL $0x0f0f0f0f, AX
	MOVD AX, X6
	VPBROADCASTD X6, Y6
	MOVL $0x0a0a0a0a, AX
	MOVD AX, X15
	VPBROADCASTD X15, Y15
	XORQ AX, AX
	XORQ R8, R8
	MOVQ $1, R10
	XORQ R11, R11
	SUBQ $66, CX

loop:
	CMPQ AX, CX
	JGT  done
	VMOVDQU (SI)(AX*1), Y7
	VMOVDQU 1(SI)(AX*1), Y8
	VMOVDQU 2(SI)(AX*1), Y9
	VPCMPEQB Y7, Y15, Y13
	VPMOVMSKB Y13, R9
	ASCII(Y7, Y0, Y1, Y12)
	ASCII(Y8, Y2, Y3, Y13)
	HALVES(Y9, Y4, Y5, Y14)
	VPAND Y12, Y13, Y12
	VPAND Y12, Y14, Y12
	VMOVDQU 32(SI)(AX*1), Y7
	VMOVDQU 33(SI)(AX*1), Y8
	VMOVDQU 34(SI)(AX*1), Y9
	VPCMPEQB Y7, Y15, Y13
	VPMOVMSKB Y13, R12
	SHLQ $32, R12
	ORQ  R12, R9
	ASCII(Y7, Y0, Y1, Y7)
	ASCII(Y8, Y2, Y3, Y8)
	HALVES(Y9, Y4, Y5, Y9)
	VPAND Y7, Y8, Y7
	VPAND Y7, Y9, Y7
	VPOR Y7, Y12, Y13
	VPTEST Y13, Y13
	JNZ  hit
	TESTQ R9, R9
	CMOVQNE R9, R10
	CMOVQNE AX, R11
	POPCNTQ R9, R9
	ADDQ R9, R8
	ADDQ $64, AX
	JMP  loop

hit:
	VPXOR Y13, Y13, Y13
	VPCMPEQB Y13, Y12, Y12
	VPMOVMSKB Y12, DX
	VPCMPEQB Y13, Y7, Y7
	VPMOVMSKB Y7, R12
	SHLQ $32, R12
	ORQ  R12, DX
	NOTQ DX
	BLSMSKQ DX, DX // the places up to the first hit
	ANDQ DX, R9
	CMOVQNE R9, R10
	CMOVQNE AX, R11
	POPCNTQ R9, R9
	ADDQ R9, R8

done:
	VZEROUPPER
	BSRQ R10, R10
	ADDQ R11, R10
	MOVQ R10, line+32(FP)
	MOVQ R8, newlines+40(FP)
	RET
