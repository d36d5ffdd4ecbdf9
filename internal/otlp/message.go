package otlp

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	res "go.opentelemetry.io/proto/otlp/resource/v1"
	pb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// message is what is posted. TracesData has the same fields as
// ExportTraceServiceRequest, whose package would bring gRPC into the program. All
// spans of a Sender have one resource and one scope.
func message(spans []sdktrace.ReadOnlySpan) *pb.TracesData {
	if len(spans) == 0 {
		return &pb.TracesData{}
	}
	scope := &pb.ScopeSpans{Scope: &common.InstrumentationScope{Name: spans[0].InstrumentationScope().Name}}
	for _, s := range spans {
		scope.Spans = append(scope.Spans, span(s))
	}
	return &pb.TracesData{ResourceSpans: []*pb.ResourceSpans{{
		Resource: &res.Resource{Attributes: attributes(spans[0].Resource().Attributes())}, ScopeSpans: []*pb.ScopeSpans{scope}}}}
}

// span leaves out what nobody here sets and others might: the texts of errors, the
// attributes of events, tracestate.
func span(s sdktrace.ReadOnlySpan) *pb.Span {
	own, parent := s.SpanContext(), s.Parent()
	id, of := own.TraceID(), own.SpanID()
	out := &pb.Span{TraceId: id[:], SpanId: of[:], Name: s.Name(), Kind: kinds[s.SpanKind()],
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), EndTimeUnixNano: uint64(s.EndTime().UnixNano()),
		Attributes: attributes(s.Attributes()), Flags: uint32(own.TraceFlags()) | uint32(pb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)}
	if parent.SpanID().IsValid() {
		above := parent.SpanID()
		out.ParentSpanId = above[:]
	}
	if parent.IsRemote() {
		out.Flags |= uint32(pb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	for _, e := range s.Events() {
		out.Events = append(out.Events, &pb.Span_Event{TimeUnixNano: uint64(e.Time.UnixNano()), Name: e.Name})
	}
	if s.Status().Code == codes.Error {
		out.Status = &pb.Status{Code: pb.Status_STATUS_CODE_ERROR}
	}
	return out
}

var kinds = map[trace.SpanKind]pb.Span_SpanKind{
	trace.SpanKindInternal: pb.Span_SPAN_KIND_INTERNAL,
	trace.SpanKindServer:   pb.Span_SPAN_KIND_SERVER,
	trace.SpanKindClient:   pb.Span_SPAN_KIND_CLIENT,
}

// attributes are texts, whole numbers and truths; anything else becomes its text.
func attributes(list []attribute.KeyValue) []*common.KeyValue {
	out := make([]*common.KeyValue, len(list))
	for n, a := range list {
		v := &common.AnyValue{}
		switch a.Value.Type() {
		case attribute.INT64:
			v.Value = &common.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		case attribute.BOOL:
			v.Value = &common.AnyValue_BoolValue{BoolValue: a.Value.AsBool()}
		default:
			v.Value = &common.AnyValue_StringValue{StringValue: a.Value.String()}
		}
		out[n] = &common.KeyValue{Key: string(a.Key), Value: v}
	}
	return out
}
