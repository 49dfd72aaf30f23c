package strictjson

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// An Error is something in a document that cannot be taken at its word.
type Error struct {
	File         string
	Line, Column int    // from 1, in bytes; 0: the file as a whole
	Path         string // such as syscalls[3].action; "" at the top
	Msg          string // what is wrong, and what to do if that is not plain
}

// Error returns file:line:column: path: message, in one line.
func (e *Error) Error() string {
	s := e.File + ": "
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Column)
	}
	if e.Path != "" {
		s += e.Path + ": "
	}
	return s + e.Msg
}

// Place is where something stands: line and column from 1, in bytes.
type Place struct{ Line, Column int }

// explain puts the error of the JSON reader into words.
func explain(err error) string {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "not JSON: the text ends too early"
	case !errors.As(err, &syntax):
		return err.Error()
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Sprintf("key %.40q stands here twice", syntax.JSONPointer.LastToken())
	}
	return "not JSON: " + syntax.Err.Error()
}

// kindName names what kind of value a text begins.
func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	}
	return "null"
}
