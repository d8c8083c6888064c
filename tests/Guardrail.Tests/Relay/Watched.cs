using System.Net;
using System.Net.Http.Headers;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Pricing;
using Microsoft.AspNetCore.Http;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>An answer of a tool that went past what looks for failures, without any network.</summary>
/// <param name="Bytes">What the agent gets.</param>
/// <param name="Failures">What was seen.</param>
/// <param name="Unread">What was not looked at.</param>
/// <param name="InRow">The run's failures in a row; 1 before this answer.</param>
internal sealed record Watched(byte[] Bytes, IReadOnlyList<ToolFailure> Failures, IReadOnlyList<UnreadAnswer> Unread, int InRow)
{
    public const string Tool = "search_orders";

    private static readonly PriceCatalog Prices = PriceCatalog.Load();

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Passes an answer.</summary>
    public static Watched Pass(byte[] body, What what)
    {
        var config = Rig.Before(
            new GuardrailConfig
            {
                Agent = new GuardrailIdentity
                {
                    Namespace = "shop",
                    Name = "support",
                    Revision = "abc",
                    Track = "serving",
                },
                ToolFailures = new ToolFailurePolicy { Action = what.Action, Failures = what.Rules ?? [] },
            },
            9
        );
        var settings = GuardrailSettings.Parse(
            JsonSerializer.SerializeToUtf8Bytes(config, ContractsJson.Default.GuardrailConfig),
            Prices,
            TimeProvider.System
        );
        using var run = new Run("r", null, TimeProvider.System);
        run.ToolFailed();
        var http = new DefaultHttpContext();
        http.Request.Method = what.HttpMethod;
        var call = new CallContext
        {
            Http = http,
            Settings = settings,
            Time = TimeProvider.System,
            StartedAt = 0,
            Kind = CallKind.Tool,
            Upstream = settings.Upstreams[what.Upstream],
            Run = run,
            Tool =
                what.HttpMethod == "GET" ? null
                : what.Upstream == "bench" ? new ToolMessage(ToolMessage.Call, "bench", null, default)
                : new ToolMessage(what.Method, Tool, "1", default),
        };
        var seen = new Seen();
        using var answer = new HttpResponseMessage((HttpStatusCode)what.Status) { Content = new ByteArrayContent(body) };
        answer.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(what.Type);
        var isStream = what.Type == "text/event-stream";
        var memory = new BodyMemory(what.Memory);
        var failures = new AgentReadiness.Guardrail.Calls.ToolFailures(new RequestBody(memory), seen);
        var output = new List<byte>();
        using (var tap = failures.Tap(call, answer, isStream, isStream))
        {
            if (tap is null)
                return new Watched(body, seen.Failures, seen.Answers, run.ToolFailures.InRow);
            var at = 0;
            foreach (var cut in what.Cuts.Append(body.Length))
            {
                var end = Math.Clamp(cut, at, body.Length);
                if (end == at)
                    continue;
                // A piece is only there until the next one.
                var piece = body[at..end];
                tap.Append(piece);
                while (tap.TryTake(out var bytes))
                    output.AddRange(bytes.Span);
                Array.Clear(piece);
                at = end;
            }
            output.AddRange(tap.End().Span);
        }
        memory.Taken.ShouldBe(0);
        return new Watched([.. output], seen.Failures, seen.Answers, run.ToolFailures.InRow);
    }

    /// <summary>What is passed, and how.</summary>
    internal sealed record What
    {
        public string Action { get; init; } = ToolFailurePolicy.Mark;

        public string Type { get; init; } = "application/json";

        public string Upstream { get; init; } = "mail";

        public string HttpMethod { get; init; } = "POST";

        public string Method { get; init; } = ToolMessage.Call;

        public int Status { get; init; } = 200;

        public long Memory { get; init; } = long.MaxValue;

        public IReadOnlyList<int> Cuts { get; init; } = [];

        public IReadOnlyList<ToolFailureRule>? Rules { get; init; }
    }

    private sealed class Seen : ICallObserver
    {
        public List<ToolFailure> Failures { get; } = [];

        public List<UnreadAnswer> Answers { get; } = [];

        public void ToolFailed(CallContext call, ToolFailure failure, int inRow) => Failures.Add(failure);

        public void Unread(CallContext call, UnreadAnswer why) => Answers.Add(why);

        public void Refused(CallContext call, CallRefusal refusal) { }

        public void WouldRefuse(CallContext call, string limit) { }

        public void Answered(CallContext call) { }

        public void Failed(CallContext call, CallKind kind, string reason) { }

        public void FellBack(CallContext call) { }

        public void NotFellBack(CallContext call, string to, FallbackReason reason, string why) { }

        public void Retried(CallContext call, int status, TimeSpan delay) { }

        public void Booked(CallContext call, CallOutcome outcome, Money spent, Money reserved) { }

        public void Overran(CallContext call, OverrunReport report) { }

        public void Passed(CallContext call, int status) { }

        public void Effected(CallContext call, EffectEnd end) { }

        public void ToolChecked(CallContext call, CheckedCall checkedCall) { }

        public void ToolChanged(CallContext call, string tool) { }

        public void OffPath(CallContext call, string tool) { }

        public void FaultMade(CallContext call, string fault) { }

        public void InboundFailed(int port, string reason) { }

        public void RunEnded(Run run, int status, TimeSpan elapsed) { }
    }
}
