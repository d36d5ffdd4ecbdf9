package typeset

import (
	"slices"
	"strings"
)

// alphabets are letters without which a language cannot be written, and of the
// Chinese characters some common ones in simplified form.
var alphabets = []struct{ lang, letters string }{
	{"ar", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي،؛؟"},
	{"en", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789’“”–…"},
	{"es", "áéíñóúü¿¡ÁÉÍÑÓÚÜ"},
	{"fr", "àâæçéèêëîïôœùûüÿÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸ«»"},
	{"ru", "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя№"},
	{"zh", "的一是不了人我在有他这为之大来以个中上们证书颁发给完成课程有效已撤销城市规划健康门学院。，《》"},
}

// Lacks tells which of the languages that pages are written in cannot be drawn
// with the fonts at hand: ar, en, es, fr, ru, zh. Texts in their scripts would
// be left out of pictures. No font is loaded for it.
func (l *Library) Lacks() (langs []string, err error) {
	all, err := l.index()
	if err != nil {
		return nil, err
	}
	for _, a := range alphabets {
		if strings.ContainsFunc(a.letters, func(r rune) bool {
			return !slices.ContainsFunc(all, func(s *source) bool { return s.has(r) })
		}) {
			langs = append(langs, a.lang)
		}
	}
	return langs, nil
}
