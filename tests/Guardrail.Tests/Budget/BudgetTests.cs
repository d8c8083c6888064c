using System.ClientModel;
using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Contracts.Guardrail;
using AgentReadiness.Pricing;
using Microsoft.Extensions.Hosting;

namespace AgentReadiness.Guardrail.Tests;

public sealed class BudgetTests
{
    [Fact]
    public async Task Thirty_two_concurrent_streams_never_cross_the_cap()
    {
        const decimal cap = 0.01m;
        await using var authority = await FakeOperator.StartAsync(cap);
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        var client = rig.Client();
        var statuses = await Task.WhenAll(
            Enumerable
                .Range(0, 32)
                .Select(async i =>
                {
                    try
                    {
                        await foreach (var _ in client.CompleteChatStreamingAsync($"{i} [[tokens=200]] [[pace=1ms]]")) { }
                        return 200;
                    }
                    catch (ClientResultException exception)
                    {
                        return exception.Status;
                    }
                })
        );
        statuses.ShouldContain(200);
        statuses.ShouldAllBe(s => s == 200 || s == 402 || s == 429);
        statuses.ShouldContain(s => s != 200);
        await rig.CallsAsync(statuses.Count(s => s == 200));
        var billed = rig.Billed(completed: true) + rig.Billed(completed: false);
        billed.Amount.ShouldBeLessThanOrEqualTo(cap);
        billed.Amount.ShouldBeGreaterThan(cap / 2);
        rig.Account.Totals.Settled.Cost.ShouldBe(billed);
        (rig.Account.Totals.Granted.Cost - rig.Account.Totals.Returned.Cost).Amount.ShouldBeLessThanOrEqualTo(cap);
        authority.Token.ShouldBe("Bearer the-token");
    }

    [Fact]
    public async Task An_exhausted_budget_is_402_with_a_machine_readable_body()
    {
        await using var authority = await FakeOperator.StartAsync(0.0001m);
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        var error = await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"));
        error.Status.ShouldBe(402);
        var body = JsonNode.Parse(error.GetRawResponse()!.Content.ToString())!["error"]!;
        ((string)body["code"]!).ShouldBe("budget_exhausted");
        ((string)body["budget"]!["name"]!, (string)body["budget"]!["cap"]!, (string)body["budget"]!["spent"]!).ShouldBe(
            ("day", "0.0001", "0")
        );
        error.GetRawResponse()!.Headers.TryGetValue("x-should-retry", out var retry).ShouldBeTrue();
        retry.ShouldBe("false");
    }

    [Fact]
    public async Task Money_that_others_hold_is_429_with_retry_after()
    {
        await using var authority = await FakeOperator.StartAsync(0.002m);
        await using var first = await Rig.StartAsync(budget: authority.Authority);
        await using var second = await Rig.StartAsync(budget: authority.Authority);
        var running = first.Client().CompleteChatAsync("[[tokens=10]] [[latency=3s]]");
        while (authority.Last.Count == 0)
            await Task.Yield();
        using var response = await second.PostAsync("/openai/v1/chat/completions", Rig.Body("hello"));
        response.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        response.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeGreaterThanOrEqualTo(1);
        (await response.Content.ReadAsStringAsync()).ShouldContain("budget_contended");
        await running;
    }

    [Fact]
    public async Task Beside_a_runner_it_ends_when_it_is_told_and_closes_its_account()
    {
        await using var authority = await FakeOperator.StartAsync(1);
        await using var rig = await Rig.StartAsync(
            config =>
            {
                config.Ephemeral = true;
                return config;
            },
            budget: authority.Authority
        );
        await rig.Client().CompleteChatAsync("hello");
        var ended = rig.Guardrail.WaitForShutdownAsync();
        using var answer = await rig.PodHttp.PostAsync(new Uri($"http://127.0.0.1:{rig.AdminPort}{GuardrailPaths.Quit}"), null);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await ended.WaitAsync(TimeSpan.FromSeconds(30));
        authority.Last.ShouldContain(request => request.Closing);
    }

    [Fact]
    public async Task An_agents_guardrail_is_ended_by_nobody_in_its_pod()
    {
        await using var rig = await Rig.StartAsync();
        using var answer = await rig.PodHttp.PostAsync(new Uri($"http://127.0.0.1:{rig.AdminPort}{GuardrailPaths.Quit}"), null);
        answer.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        await rig.Client().CompleteChatAsync("hello");
    }

    [Fact]
    public async Task No_operator_no_money()
    {
        var authority = await FakeOperator.StartAsync(1);
        authority.Authority.FailoverWait = "1s";
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        await authority.DisposeAsync();
        var error = await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"));
        error.Status.ShouldBe(402);
        error.Message.ShouldContain("budget_authority_unreachable");
        rig.Witness.Total(completed: true).Calls.ShouldBe(0);
    }

    [Fact]
    public async Task A_model_that_another_pod_saw_overrun_is_not_called_and_nothing_is_spent()
    {
        await using var authority = await FakeOperator.StartAsync(1);
        var rule = PriceCatalog.Load().Find(null, Rig.Model, TimeProvider.System.GetUtcNow())!.RuleId;
        authority.Refused = [new RefusedRule { Rule = rule, Why = "the provider wrote on" }];
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        var error = await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"));
        error.Status.ShouldBe(402);
        error.Message.ShouldContain("model_overrun");
        error.Message.ShouldContain("spec.budget.acknowledgedOverruns");
        rig.Witness.Total(completed: false).Calls.ShouldBe(0);
        (rig.Account.Totals.Settled.Cost, rig.Account.Totals.Unproven.Cost, rig.Account.Totals.Reserved.Cost).ShouldBe(
            (Money.Zero, Money.Zero, Money.Zero)
        );
    }

    [Fact]
    public async Task An_observed_cap_refuses_nothing_and_tells_what_it_would_have_refused()
    {
        await using var authority = await FakeOperator.StartAsync(0.0001m);
        await using var rig = await Rig.StartAsync(
            budget: new BudgetAuthority
            {
                Url = authority.Authority.Url,
                CaFile = authority.Authority.CaFile,
                TokenFile = authority.Authority.TokenFile,
                Observe = true,
            }
        );
        for (var call = 1; call <= 4; call++)
        {
            (await rig.Client().CompleteChatAsync("hello [[tokens=200]]")).Value.Content.ShouldNotBeEmpty();
            await rig.CallsAsync(call);
            // The next call goes by what the operator answered to this one.
            while (rig.Account.Budget is null)
                await Task.Yield();
        }
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
        rig.Account.Totals.Settled.Cost.Amount.ShouldBeGreaterThan(0.0001m);
        rig.Log.All.ShouldContain(line => line.Contains("would be refused: upstream=openai limit=window", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("other-name")]
    [InlineData("localhost")]
    public async Task An_operator_with_a_wrong_name_or_another_ca_gets_no_token(string name)
    {
        var (_, server) = FakeOperator.Certificates(name);
        // The guardrail trusts this CA; the certificate is of another one, or of another name.
        var trusted = FakeOperator.Certificates("localhost");
        var pair = name == "localhost" ? (trusted.Ca, server) : FakeOperator.Certificates(name);
        await using var authority = await FakeOperator.StartAsync(1, certificates: pair);
        authority.Authority.FailoverWait = "1s";
        await using var rig = await Rig.StartAsync(budget: authority.Authority);
        (await Should.ThrowAsync<ClientResultException>(async () => await rig.Client().CompleteChatAsync("hello"))).Status.ShouldBe(402);
        authority.Token.ShouldBeNull();
    }

    [Fact]
    public async Task A_follower_sends_us_to_the_leader_whose_certificate_has_the_first_name()
    {
        var certificates = FakeOperator.Certificates("localhost");
        await using var leader = await FakeOperator.StartAsync(1, certificates: certificates);
        await using var follower = await FakeOperator.StartAsync(
            1,
            redirect: new Uri($"https://127.0.0.1:{leader.Port}/v1/grants"),
            certificates: certificates
        );
        await using var rig = await Rig.StartAsync(budget: follower.Authority);
        (await rig.Client().CompleteChatAsync("hello")).Value.Content.ShouldNotBeEmpty();
        leader.Requests.ShouldBeGreaterThan(0);
        follower.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task Stopping_settles_reports_and_closes()
    {
        await using var authority = await FakeOperator.StartAsync(1);
        var rig = await Rig.StartAsync(budget: authority.Authority);
        await rig.Client().CompleteChatAsync("hello");
        // Its answer comes before its booking, whose reservation is not to be taken for the next call's.
        await rig.CallsAsync(1);
        var running = rig.Client().CompleteChatAsync("[[latency=500ms]] [[tokens=9]]");
        while (rig.Account.Totals.Reserved.Cost == Money.Zero)
            await Task.Yield();
        await rig.Guardrail.StopAsync();
        (await running).Value.Usage.OutputTokenCount.ShouldBe(9);
        var last = authority.Last.ShouldHaveSingleItem();
        last.Closing.ShouldBeTrue();
        last.Unproven.ShouldBe(Money.Zero);
        await rig.CallsAsync(2);
        last.Settled.Cost.ShouldBe(rig.Billed(completed: true));
        await rig.DisposeAsync();
    }

    [Fact]
    public async Task What_does_not_end_in_time_is_reported_as_unproven()
    {
        await using var authority = await FakeOperator.StartAsync(1);
        var rig = await Rig.StartAsync(budget: authority.Authority, timeout: "60s");
        var running = rig.Client().CompleteChatAsync("[[latency=30s]]");
        while (rig.Account.Totals.Reserved.Cost == Money.Zero)
            await Task.Yield();
        var reserved = rig.Account.Totals.Reserved.Cost;
        using var kill = new CancellationTokenSource(TimeSpan.FromSeconds(4));
        await rig.Guardrail.StopAsync(kill.Token);
        var last = authority.Last.ShouldHaveSingleItem();
        (last.Closing, last.Unproven.Cost, last.Reserved.Cost).ShouldBe((true, reserved, Money.Zero));
        await Should.ThrowAsync<Exception>(async () => await running);
        await rig.DisposeAsync();
    }
}
