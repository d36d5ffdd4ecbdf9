package certificate_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"laurel/api/certificate"
	"laurel/api/face"
	"laurel/internal/i18n"
	"laurel/internal/typeset"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// good is a badge of invented people that holds.
func good() face.Face {
	return face.Face{State: face.Good, Proven: true, Headline: "Valid", Summary: "Valid. Awarded to Ana Mora.",
		Signed: face.Signed{Title: "Urban Health Capacity Resource Kit Workshop – Completion",
			Description: "The holder attended the live sessions on the four capacity domains and submitted an accepted capacity assessment exercise.",
			Holder:      "Ana Mora", Issuer: "Example Urban Health Learning Programme", Host: "badges.example", Role: "Participant", Credits: "8",
			Results:  []face.Result{{Name: "Live sessions attended", Value: "4"}, {Name: "Capacity assessment exercise", Value: "Completed"}},
			Language: "en", Awarded: day(2025, 7, 14), Began: day(2025, 6, 20), Ended: day(2025, 7, 11), At: day(2025, 7, 14)},
		Beside: face.Beside{Code: "2FTB-PQ14-B3V4-2XRT", Verify: "https://badges.example/v/Zm9vYmFyYmF6cXV4MTIzNA", Host: "badges.example"}}
}

func TestLook(t *testing.T) {
	c, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	lib := typeset.Open(typeset.SystemFolders())
	dir := "/tmp/cert"
	_ = os.MkdirAll(dir, 0o755)
	for lang, f := range faces() {
		var b bytes.Buffer
		if err := certificate.Write(&b, lib, c.For(i18n.Lang(lang[:2])), certificate.Card{Face: f, Document: []byte(`{"a":1}`)}); err != nil {
			t.Fatal(lang, err)
		}
		_ = os.WriteFile(filepath.Join(dir, lang+".pdf"), b.Bytes(), 0o644)
	}
}

func faces() map[string]face.Face {
	ar, zh, ru, bad := good(), good(), good(), good()
	ar.Signed.Holder, ar.Signed.Issuer, ar.Signed.Title, ar.Signed.Language = "ليلى عبد الرحمن الحسيني", "أكاديمية المدينة", "التخطيط الصحي للمدن: أساسيات القيادة", "ar"
	ar.Signed.Description, ar.Signed.Role = "حضر الحامل الجلسات المباشرة وقدّم تمرينًا مقبولاً في تقييم القدرات.", "مشارك"
	zh.Signed.Holder, zh.Signed.Issuer, zh.Signed.Title, zh.Signed.Language = "王小明", "城市健康学习计划", "城市健康能力资源包研讨会 – 结业", "zh"
	zh.Signed.Description, zh.Signed.Role = "持有人参加了四个能力领域的直播课程，并提交了合格的能力评估练习。", "参与者"
	ru.Signed.Holder, ru.Signed.Issuer, ru.Signed.Title, ru.Signed.Language = "Екатерина Сергеевна Иванова", "Городская академия здоровья", "Цифровое здравоохранение: планирование национальной системы", "ru"
	ru.Signed.Description, ru.Signed.Role = "Обладатель показал умение планировать национальную систему цифрового здравоохранения.", "Участница"
	bad.State, bad.Headline, bad.Summary = face.Expired, "Expired", "Expired. This badge held until 1 May 2026. Ask the holder for a renewed one."
	bad.Signed.ValidUntil = day(2026, 5, 1)
	return map[string]face.Face{"en": good(), "ar": ar, "zh": zh, "ru": ru, "en-expired": bad, "fr": good(), "ar-en": good()}
}
