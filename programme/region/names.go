package region

import "strings"

// names are the names of the regions in the six official languages.
var names = map[string]map[string]string{
	Africa: {
		"en": "African Region",
		"fr": "Région africaine",
		"es": "Región de África",
		"ru": "Африканский регион",
		"ar": "الإقليم الأفريقي",
		"zh": "非洲区域",
	},
	Americas: {
		"en": "Region of the Americas",
		"fr": "Région des Amériques",
		"es": "Región de las Américas",
		"ru": "Регион стран Америки",
		"ar": "إقليم الأمريكتين",
		"zh": "美洲区域",
	},
	SouthEastAsia: {
		"en": "South-East Asia Region",
		"fr": "Région de l’Asie du Sud-Est",
		"es": "Región de Asia Sudoriental",
		"ru": "Регион Юго-Восточной Азии",
		"ar": "إقليم جنوب شرق آسيا",
		"zh": "东南亚区域",
	},
	Europe: {
		"en": "European Region",
		"fr": "Région européenne",
		"es": "Región de Europa",
		"ru": "Европейский регион",
		"ar": "الإقليم الأوروبي",
		"zh": "欧洲区域",
	},
	EasternMediterranean: {
		"en": "Eastern Mediterranean Region",
		"fr": "Région de la Méditerranée orientale",
		"es": "Región del Mediterráneo Oriental",
		"ru": "Регион Восточного Средиземноморья",
		"ar": "إقليم شرق المتوسط",
		"zh": "东地中海区域",
	},
	WesternPacific: {
		"en": "Western Pacific Region",
		"fr": "Région du Pacifique occidental",
		"es": "Región del Pacífico Occidental",
		"ru": "Регион Западной части Тихого океана",
		"ar": "إقليم غرب المحيط الهادئ",
		"zh": "西太平洋区域",
	},
}

// Name is the name of a region in a language (a tag such as fr or fr-CA), or
// in English where it has none there, or "" for no region.
func Name(code, tag string) string {
	language, _, _ := strings.Cut(tag, "-")
	if name := names[code][language]; name != "" {
		return name
	}
	return names[code]["en"]
}
