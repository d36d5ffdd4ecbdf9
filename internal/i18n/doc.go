// Package i18n holds the texts that people read, in the languages they read
// them in: one file of messages for each language, with its plural forms and
// dates.
//
// A language is a file, messages/<tag>.json, which a translator can edit alone:
// each message is a text, or an object with the plural forms that the language
// has and a description for translators. Values stand in braces: {Name}.
// English is the language of reference and the fallback.
//
// It knows neither HTML nor what the messages are about, and it refuses to
// start with a catalogue that has a mistake in it.
//
// Start at New, then Catalog.Match and Catalog.For.
package i18n
