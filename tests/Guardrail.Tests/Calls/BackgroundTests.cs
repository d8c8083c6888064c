using AgentReadiness.Guardrail.Calls;
using AgentReadiness.Guardrail.Relay;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>A call that goes on in the background is settled, or counts in full after its hour: it is never forgotten.</summary>
public sealed class BackgroundTests
{
    private const string Started = """{"id":"resp_1","status":"in_progress","model":"gpt-5.4-mini","output":[],"usage":null}""";
    private static readonly string Ended =
        """{"id":"resp_1","status":"completed","model":"gpt-5.4-mini","output":[],"""
        + """ "usage":{"input_tokens":9,"output_tokens":2,"total_tokens":11}}""";

    [Theory]
    [InlineData("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", "500")]
    [InlineData("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n", "404")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n{{long}}", "too long")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: nonsense\r\nContent-Length: 3\r\n\r\n{{}", "")]
    [InlineData("nonsense\r\n\r\n", "")]
    public async Task A_poll_that_brings_nothing_goes_on_and_ends_after_an_hour(string answer, string told)
    {
        await using var provider = new RawUpstream(request =>
            request.StartsWith("POST", StringComparison.Ordinal)
                ? RawUpstream.Answer("Content-Type: application/json\r\n", Started)
                : Encoding.ASCII.GetBytes(answer.Replace("{{long}}", new string(' ', 9_000_000), StringComparison.Ordinal))
        );
        var time = new Clock();
        await using var rig = await StartAsync(provider, time);
        using var response = await rig.PostAsync("/openai/v1/responses", Body);
        response.EnsureSuccessStatusCode();
        var background = rig.Guardrail.Services.GetRequiredService<BackgroundCalls>();
        // The agent has its answer before it is booked.
        await Soon.Until(() => background.Calls.Count == 1, "the call to go on");
        rig.Account.Totals.Reserved.Cost.Amount.ShouldBeGreaterThan(0);
        // Polls go on, one after the other, each answered before the clock moves again.
        for (var polls = 1; polls <= 3; polls++)
        {
            await Soon.Until(() => time.Pauses >= polls, "the pause before a poll");
            time.Advance(Clock.Pause);
            await Soon.Until(() => provider.Requests.Count >= 1 + polls, "a poll");
        }
        await Soon.Until(() => time.Pauses >= 4, "the pause before a poll");
        rig.Log.All.Count(line =>
                line.Contains("background call failed", StringComparison.Ordinal) && line.Contains(told, StringComparison.Ordinal)
            )
            .ShouldBeGreaterThanOrEqualTo(told.Length > 0 ? 3 : 0, string.Join("\n", rig.Log.All));
        time.Advance(TimeSpan.FromHours(1));
        (await rig.BookedAsync(1))[^1].ShouldContain("model call unproven");
        rig.Account.Totals.Reserved.Cost.ShouldBe(Contracts.Money.Zero);
    }

    [Fact]
    public async Task It_is_settled_by_the_poll_that_finds_it_ended()
    {
        await using var provider = new RawUpstream(request =>
            RawUpstream.Answer("Content-Type: application/json\r\n", request.StartsWith("POST", StringComparison.Ordinal) ? Started : Ended)
        );
        var time = new Clock();
        await using var rig = await StartAsync(provider, time);
        using var response = await rig.PostAsync("/openai/v1/responses", Body);
        await Soon.Until(() => time.Pauses == 1, "the pause before a poll");
        time.Advance(Clock.Pause);
        (await rig.BookedAsync(1))[^1].ShouldContain("model call settled");
        provider.Requests[1].ShouldStartWith("GET /v1/responses/resp_1 HTTP/1.1");
    }

    private const string Body = """{"model":"gpt-5.4-mini","input":"hi","background":true}""";

    private static Task<Rig> StartAsync(RawUpstream provider, TimeProvider time) =>
        Rig.StartAsync(
            config =>
            {
                config.Upstreams =
                [
                    new Contracts.Guardrail.UpstreamConfig
                    {
                        Name = "openai",
                        Format = "OpenAI",
                        Url = $"http://127.0.0.1:{provider.Port}/v1",
                    },
                ];
                return config;
            },
            services: parts =>
                parts.AddSingleton(s => new BackgroundCalls(
                    s.GetRequiredService<BodyMemory>(),
                    s.GetRequiredService<ICallObserver>(),
                    time
                ))
        );

    /// <summary>A clock that tells how many pauses before a poll were begun.</summary>
    private sealed class Clock : FakeTimeProvider
    {
        public static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
        private int pauses;

        public int Pauses => Volatile.Read(ref pauses);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == Pause)
                Interlocked.Increment(ref pauses);
            return timer;
        }
    }
}
