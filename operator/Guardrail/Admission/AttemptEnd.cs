using AgentReadiness.Guardrail.Upstreams;

namespace AgentReadiness.Guardrail.Admission;

/// <summary>How an attempt ended.</summary>
/// <param name="Verdict">What it says about the upstream's health.</param>
/// <param name="AnsweredAfter">How long its answer took to begin, or how long it was waited for.</param>
/// <param name="MayBeRepeated">It did not bring what was asked for, so that a client may well repeat it.</param>
internal readonly record struct AttemptEnd(UpstreamVerdict Verdict, TimeSpan AnsweredAfter, bool MayBeRepeated);
