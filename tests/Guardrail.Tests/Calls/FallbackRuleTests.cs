using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Guardrail.Runs;
using AgentReadiness.Guardrail.Upstreams;
using AgentReadiness.Pricing;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using static AgentReadiness.Guardrail.Tests.Gens;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>The closed lists of what goes to another upstream.</summary>
public sealed class FallbackRuleTests
{
    [Fact]
    public void Only_listed_statuses_go_elsewhere() =>
        Gen.Int[0, 999]
            .Sample(
                status => (FallbackRule.OfStatus(status) is not null).ShouldBe(status is 429 or (>= 500 and < 600), $"{status}"),
                iter: 3000
            );

    [Fact]
    public void Every_fault_of_an_upstream_has_its_reason_and_no_other_value_has() =>
        Gen.Int[-3, 20]
            .Sample(fault =>
                (FallbackRule.OfFault((UpstreamFault)fault) is not null).ShouldBe(Enum.IsDefined((UpstreamFault)fault), $"{fault}")
            );

    [Fact]
    public void Of_our_own_refusals_only_an_open_breaker_goes_elsewhere() =>
        Gen.OneOf(
                OneOf(
                    "circuit_open",
                    "concurrency_limit",
                    "retry_budget_exhausted",
                    "rate_limited",
                    "run_limit_exceeded",
                    "call_limit_exceeded",
                    "budget_exhausted",
                    "budget_authority_unreachable",
                    "model_not_allowed",
                    "model_not_priced",
                    "model_overrun",
                    "provider_key_unavailable",
                    "screening_blocked",
                    "tool_failures",
                    "guardrail_stopping"
                ),
                Gen.String[0, 20]
            )
            .Sample(code => (FallbackRule.OfRefusal(code) is not null).ShouldBe(code == "circuit_open", code));

    [Fact]
    public void Only_a_model_call_of_an_agent_that_is_there_and_has_seen_nothing_goes_elsewhere() =>
        Gen.Select(
                OneOf([.. Enum.GetValues<CallKind>()]),
                Gen.Bool,
                Gen.Bool,
                Gen.Bool,
                Gen.Bool,
                (kind, gone, begun, over, isFallback) => (kind, gone, begun, over, isFallback)
            )
            .Sample(it =>
                FallbackRule
                    .MayGo(Call(it.kind, it.gone, it.begun, it.over, it.isFallback))
                    .ShouldBe(it is { kind: CallKind.Model, gone: false, begun: false, over: false, isFallback: false })
            );

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"text":"a","type":"text"}]}],"tools":null}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}]}""")]
    [InlineData(
        """{"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"assistant","annotations":[],"audio":null}]}"""
    )]
    [InlineData("""{"messages":[{"role":"tool","tool_call_id":"a","content":"b"}],"temperature":0,"response_format":{"type":"json"}}""")]
    public void What_stands_whole_in_a_chat_goes_elsewhere(string body) =>
        PortableBody.Obstacle(UsageApi.Chat, Encoding.UTF8.GetBytes(body)).ShouldBeNull();

    [Theory]
    [InlineData(UsageApi.Chat, """{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]}""")]
    [InlineData(UsageApi.Chat, """{"messages":[{"role":"user","content":[{"type":"text","type":"file","file":{}}]}]}""")]
    [InlineData(UsageApi.Chat, """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file-123"}}]}]}""")]
    [InlineData(UsageApi.Chat, """{"messages":[{"role":"assistant","audio":{"id":"a"}}]}""")]
    [InlineData(UsageApi.Chat, """{"tools":[{"type":"web_search"}],"messages":[]}""")]
    [InlineData(UsageApi.Responses, """{"input":[{"type":"item_reference","id":"i"}]}""")]
    [InlineData(UsageApi.Responses, """{"input":[{"type":"computer_call","id":"i"}]}""")]
    [InlineData(UsageApi.Responses, """{"input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}""")]
    [InlineData(UsageApi.Responses, """{"input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]}""")]
    [InlineData(UsageApi.Responses, """{"input":"hi","tools":[{"type":"local_shell"}]}""")]
    [InlineData(UsageApi.Messages, """{"messages":[{"content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]}""")]
    [InlineData(UsageApi.Messages, """{"messages":[{"content":[{"type":"thinking","thinking":"a","signature":"b"}]}]}""")]
    [InlineData(UsageApi.Messages, """{"messages":[{"content":[{"type":"redacted_thinking","data":"b"}]}]}""")]
    [InlineData(UsageApi.Messages, """{"messages":[{"content":"hi"}],"tools":[{"type":"web_search_20250305","max_uses":1}]}""")]
    [InlineData(UsageApi.Messages, """{"messages":[{"content":"hi"}],"tools":[{"type":"bash_20250124","name":"bash"}]}""")]
    [InlineData(UsageApi.Gemini, """{"contents":[{"parts":[{"fileData":{"fileUri":"u"}}]}]}""")]
    [InlineData(UsageApi.Gemini, """{"contents":[{"parts":[{"file_data":{"file_uri":"u"}}]}]}""")]
    [InlineData(UsageApi.Gemini, """{"contents":[{"parts":[{"text":"a","thoughtSignature":"s"}]}]}""")]
    [InlineData(UsageApi.Gemini, """{"contents":[],"tools":[{"googleSearch":{}}]}""")]
    [InlineData(UsageApi.Embeddings, """{"input":"hi"}""")]
    public void What_one_provider_holds_or_reads_alone_does_not(UsageApi api, string body) =>
        PortableBody.Obstacle(api, Encoding.UTF8.GetBytes(body)).ShouldNotBeNull();

    [Fact]
    public void A_type_of_a_part_that_is_not_listed_never_passes()
    {
        string[] listed = ["text", "refusal", "image_url", "input_audio"];
        Gen.String[Gen.Char['a', 'z'], 1, 12]
            .Where(type => !listed.Contains(type))
            .Sample(
                type =>
                {
                    var body = $$"""{"messages":[{"role":"user","content":[{"text":"a","type":"{{type}}"}]}]}""";
                    PortableBody.Obstacle(UsageApi.Chat, Encoding.UTF8.GetBytes(body)).ShouldNotBeNull();
                },
                iter: 1000
            );
    }

    private static CallContext Call(CallKind kind, bool gone, bool begun, bool over, bool isFallback)
    {
        var http = new DefaultHttpContext { RequestAborted = new CancellationToken(gone) };
        http.Features.Set<IHttpResponseFeature>(new Begun(begun));
        var settings = GuardrailSettings.Parse(
            """{"agent":{"namespace":"a","name":"b","revision":"c","track":"serving"}}"""u8,
            PriceCatalog.Load(),
            TimeProvider.System
        );
        CallContext New(FallbackFrom? from) =>
            new()
            {
                Http = http,
                Settings = settings,
                StartedAt = 0,
                Time = TimeProvider.System,
                Kind = kind,
                Run = over ? Over : Open,
                From = from,
            };
        return New(isFallback ? new FallbackFrom(New(null), FallbackReason.Timeout) : null);
    }

    private static readonly Run Open = new("open", null, TimeProvider.System);

    private static readonly Run Over = MakeOver();

    private static Run MakeOver()
    {
        var run = new Run("over", TimeSpan.FromMilliseconds(1), TimeProvider.System);
        run.Deadline.WaitHandle.WaitOne();
        return run;
    }

    private sealed class Begun(bool begun) : HttpResponseFeature
    {
        public override bool HasStarted => begun;
    }
}
