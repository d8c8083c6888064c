using System.Net;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Guardrail.Admission;
using AgentReadiness.Guardrail.Budget;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Guardrail.Formats;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A further attempt needs claims of its own, and what it cannot have it does not keep.</summary>
public sealed class RetryTests
{
    private const string Chat = "/openai/v1/chat/completions";
    private const string Unavailable = "hello [[status=503]]";

    [Fact]
    public async Task A_retry_without_a_place_in_the_rate_answers_with_the_error_of_the_attempt_before()
    {
        await using var rig = await StartAsync(requestsPerMinute: 1, services: null);
        using var response = await rig.PostAsync(Chat, Rig.Body(Unavailable));

        await ShouldBeTheUpstreamsAsync(response);
        rig.Log.All.ShouldContain(line =>
            line.Contains("code=rate_limited", StringComparison.Ordinal) && line.Contains("check=rate", StringComparison.Ordinal)
        );
        (rig.Witness.Calls.Count + rig.Witness.Refused).ShouldBe(1);
        rig.Account.Totals.Reserved.Cost.Amount.ShouldBe(0);
        // One place is used up, by the attempt that was sent. Were two, the next place would be more than a minute away.
        Limiter(rig).TryTake(Policy(1), 1)!.Value.After.ShouldBeLessThanOrEqualTo(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_retry_that_a_later_claim_refuses_gives_its_place_in_the_rate_back()
    {
        await using var rig = await StartAsync(requestsPerMinute: 2, services: SecondAttemptRefused);
        using var response = await rig.PostAsync(Chat, Rig.Body(Unavailable));

        await ShouldBeTheUpstreamsAsync(response);
        (rig.Witness.Calls.Count + rig.Witness.Refused).ShouldBe(1);
        rig.Account.Totals.Reserved.Cost.Amount.ShouldBe(0);
        Limiter(rig).TryTake(Policy(2), 1).ShouldBeNull("the second place is free");
        Limiter(rig).TryTake(Policy(2), 1).ShouldNotBeNull("the first one is used up");
    }

    private static async Task ShouldBeTheUpstreamsAsync(HttpResponseMessage response)
    {
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await response.Content.ReadAsStringAsync()).ShouldContain("upstream_failed");
    }

    private static Task<Rig> StartAsync(int requestsPerMinute, Action<IServiceCollection>? services) =>
        Rig.StartAsync(
            config => new GuardrailConfig
            {
                Agent = config.Agent,
                Inbound = config.Inbound,
                Upstreams = config.Upstreams,
                MaxOutputTokens = config.MaxOutputTokens,
                ModelCall = new CallPolicy { Timeout = config.ModelCall.Timeout, Attempts = 3 },
                DrainTimeout = config.DrainTimeout,
                Limits = new RunLimits { RequestsPerMinute = requestsPerMinute },
            },
            services: services
        );

    private static void SecondAttemptRefused(IServiceCollection services) =>
        services.AddSingleton(provider =>
        {
            var own = AdmissionRules.Claims(
                provider.GetRequiredService<RateLimiter>(),
                provider.GetRequiredService<GrantClient>(),
                provider.GetRequiredService<OverrunList>()
            );
            return new AdmissionRules(AdmissionRules.Checks, [.. own, new FirstAttemptOnly()]);
        });

    private static RateLimiter Limiter(Rig rig) => rig.Guardrail.Services.GetRequiredService<RateLimiter>();

    private static RunPolicy Policy(int requestsPerMinute) => new(new RunLimits { RequestsPerMinute = requestsPerMinute }, observe: false);

    private sealed class FirstAttemptOnly : ICallClaim
    {
        public string Id => "first-attempt-only";

        public CallKind Kinds => CallKind.Model;

        public ValueTask<ClaimResult> TakeAsync(CallContext call) =>
            new(call.Attempt == 1 ? ClaimResult.Taken : ClaimResult.Refused(new ApiError(409, "refused", "It is refused.")));

        public void Release(CallContext call) { }
    }
}
