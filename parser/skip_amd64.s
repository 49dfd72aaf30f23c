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

// func searchGram(s []byte, t *gramTables) (line, newlines int)
//
// 32 places at a time: each byte, the one after it and the one after that are
// looked up by their halves, and a place where all six agree on a gram is it.
// R8 counts the newlines up to it. R9 has those of the 32 places; R10 those of
// the last places that have any, which are at R11.
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
	MOVL $1, R10
	XORQ R11, R11
	SUBQ $34, CX

loop:
	CMPQ AX, CX
	JGT  done
	VMOVDQU (SI)(AX*1), Y7
	VMOVDQU 1(SI)(AX*1), Y8
	VMOVDQU 2(SI)(AX*1), Y9
	VPCMPEQB Y7, Y15, Y13
	VPMOVMSKB Y13, R9
	HALVES(Y7, Y0, Y1, Y12)
	HALVES(Y8, Y2, Y3, Y13)
	HALVES(Y9, Y4, Y5, Y14)
	VPAND Y12, Y13, Y12
	VPAND Y12, Y14, Y12
	VPTEST Y12, Y12
	JNZ  hit
	TESTL R9, R9
	CMOVLNE R9, R10
	CMOVQNE AX, R11
	POPCNTL R9, R9
	ADDQ R9, R8
	ADDQ $32, AX
	JMP  loop

hit:
	VPXOR Y13, Y13, Y13
	VPCMPEQB Y13, Y12, Y12
	VPMOVMSKB Y12, DX
	NOTL DX
	BLSMSKL DX, DX // the places up to the first hit
	ANDL DX, R9
	CMOVLNE R9, R10
	CMOVQNE AX, R11
	POPCNTL R9, R9
	ADDQ R9, R8

done:
	VZEROUPPER
	BSRL R10, R10
	ADDQ R11, R10
	MOVQ R10, line+32(FP)
	MOVQ R8, newlines+40(FP)
	RET
