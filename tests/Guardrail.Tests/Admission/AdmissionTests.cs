using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using AgentReadiness.Pricing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// Checks, claims and endpoints are lists: what is new is one type and one line, and the pipeline treats it as the others.
/// </summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task A_new_check_refuses_is_counted_with_its_kind_and_named_in_the_log()
    {
        await using var rig = await Rig.StartAsync(services: Rules([.. AdmissionRules.Checks, new NoGreetings()], []));
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));
        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await response.Content.ReadAsStringAsync()).ShouldContain("no_greetings");
        rig.Log.All.ShouldContain(line =>
            line.Contains("model call refused: ", StringComparison.Ordinal) && line.Contains("check=no-greetings", StringComparison.Ordinal)
        );
        (await rig.Http.GetStringAsync(new Uri($"http://127.0.0.1:{rig.AdminPort}/metrics"))).ShouldContain(
            "agentreadiness_calls_refused_total{kind=\"model\",upstream=\"openai\",code=\"no_greetings\"} 1"
        );
    }

    [Fact]
    public async Task Where_a_claim_is_refused_those_before_it_are_released_the_last_one_first()
    {
        var released = new List<string>();
        await using var rig = await Rig.StartAsync(
            services: Rules(AdmissionRules.Checks, [new Recorded("first", released), new Recorded("second", released), new Refused()])
        );
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));
        response.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        released.ShouldBe(["second", "first"]);
        rig.Account.Totals.Reserved.Cost.Amount.ShouldBe(0);
    }

    [Fact]
    public void A_new_endpoint_is_a_line_in_a_formats_list()
    {
        var format = new OpenAiFormat(new EndpointRule("POST", "/rerank/{model}", EndpointKind.Free));
        var endpoint = format.Match("POST", "/v2/rerank/small");
        (endpoint.Kind, endpoint.Version, endpoint.Model).ShouldBe((EndpointKind.Free, "/v2", "small"));
        format.Match("GET", "/v2/rerank/small").Kind.ShouldBe(EndpointKind.Unmetered);
        WireFormat.Of("OpenAI")!.Match("POST", "/v2/rerank/small").Kind.ShouldBe(EndpointKind.Unmetered);
    }

    [Fact]
    public void A_place_in_the_rate_that_is_given_back_can_be_taken_again()
    {
        var limiter = new RateLimiter(new FakeTimeProvider());
        var policy = new RunPolicy(new RunLimits { RequestsPerMinute = 1, TokensPerMinute = 100 }, observe: false);
        limiter.TryTake(policy, 60).ShouldBeNull();
        limiter.TryTake(policy, 60).ShouldNotBeNull();
        limiter.Release(policy, 60);
        limiter.TryTake(policy, 60).ShouldBeNull();
    }

    [Fact]
    public void An_upstream_that_is_declared_as_before_survives_a_reload()
    {
        var (time, prices) = (new FakeTimeProvider(), PriceCatalog.Load());
        var first = GuardrailSettings.Parse(Config("http://a/v1", "http://b/v1"), prices, time);
        var second = GuardrailSettings.Parse(Config("http://a/v1", "http://c/v1"), prices, time, first);
        second.Upstreams["kept"].ShouldBeSameAs(first.Upstreams["kept"]);
        second.Upstreams["changed"].ShouldNotBeSameAs(first.Upstreams["changed"]);
    }

    private static byte[] Config(string kept, string changed) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new GuardrailConfig
            {
                Agent = new GuardrailIdentity
                {
                    Namespace = "shop",
                    Name = "support",
                    Revision = "abc",
                    Track = "serving",
                },
                Upstreams =
                [
                    new UpstreamConfig
                    {
                        Name = "kept",
                        Format = "OpenAI",
                        Url = kept,
                    },
                    new UpstreamConfig
                    {
                        Name = "changed",
                        Format = "OpenAI",
                        Url = changed,
                    },
                ],
            },
            Contracts.ContractsJson.Default.GuardrailConfig
        );

    private static Action<IServiceCollection> Rules(IReadOnlyList<ICallCheck> checks, IReadOnlyList<ICallClaim> more) =>
        services =>
            services.AddSingleton(provider =>
            {
                var own = AdmissionRules.Claims(
                    provider.GetRequiredService<RateLimiter>(),
                    provider.GetRequiredService<GrantClient>(),
                    provider.GetRequiredService<OverrunList>()
                );
                return new AdmissionRules(checks, [.. own, .. more]);
            });

    private sealed class NoGreetings : ICallCheck
    {
        public string Id => "no-greetings";

        public CallKind Kinds => CallKind.Model;

        public ApiError? Find(CallContext call) =>
            call.Body!.Value.Span.IndexOf("hello"u8) >= 0 ? new ApiError(403, "no_greetings", "Greetings cost money.") : null;
    }

    private sealed class Recorded(string id, List<string> released) : ICallClaim
    {
        public string Id => id;

        public CallKind Kinds => CallKind.Model;

        public ValueTask<ClaimResult> TakeAsync(CallContext call) => new(ClaimResult.Taken);

        public void Release(CallContext call) => released.Add(id);
    }

    private sealed class Refused : ICallClaim
    {
        public string Id => "refused";

        public CallKind Kinds => CallKind.Model;

        public ValueTask<ClaimResult> TakeAsync(CallContext call) =>
            new(ClaimResult.Refused(new ApiError(StatusCodes.Status409Conflict, "refused", "It is refused.")));

        public void Release(CallContext call) => throw new InvalidOperationException("it was never taken");
    }
}
