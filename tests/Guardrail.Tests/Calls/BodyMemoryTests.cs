using System.Net;
using AgentReadiness.Guardrail.Relay;
using AgentReadiness.Pricing;
using Microsoft.Extensions.DependencyInjection;

namespace AgentReadiness.Guardrail.Tests.Calls;

/// <summary>Bodies in flight share one budget of memory.</summary>
public sealed class BodyMemoryTests
{
    private const int Most = 1024 * 1024;

    [Fact]
    public async Task Beyond_the_memory_a_call_is_told_to_come_later_and_the_others_go_on()
    {
        await using var rig = await Rig.StartAsync(services: parts => parts.AddSingleton(new BodyMemory(Most)));
        var memory = rig.Guardrail.Services.GetRequiredService<BodyMemory>();
        using var response = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body(new string('a', 2 * Most)));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        (await response.Content.ReadAsStringAsync()).ShouldContain("out_of_memory");
        using var small = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hi"));
        small.StatusCode.ShouldBe(HttpStatusCode.OK);
        await rig.BookedAsync(1);
        // All of it is given back when the requests have ended.
        await Soon.Until(() => memory.Taken == 0, "the memory to be given back");
    }

    [Theory]
    [InlineData(300 * 1024, false)]
    [InlineData(3 * Most, true)]
    public void An_event_takes_what_is_beyond_the_share_of_every_stream(int length, bool unread)
    {
        var memory = new BodyMemory(Most);
        var facts = new ResponseFacts(UsageApi.Chat);
        using (var filter = new SseUsageFilter(facts, hideUsage: false, memory))
        {
            var text = Encoding.ASCII.GetBytes(
                "data: {\"id\":\"" + new string('x', length) + "\",\"model\":\"m\"}\n\ndata: {\"id\":\"i\"}\n\n"
            );
            var (most, shown) = (0L, new List<byte>());
            foreach (var piece in text.Chunk(16 * 1024))
            {
                filter.Append(piece);
                while (filter.TryTake(out var bytes, out var show))
                {
                    show.ShouldBeTrue();
                    shown.AddRange(bytes.Span);
                }
                most = Math.Max(most, memory.Taken);
            }
            shown.ShouldBe(text);
            most.ShouldBeInRange(length > Most ? Most / 2 : length, Most);
            (filter.Overflowed, facts.Model, facts.Id).ShouldBe((unread, unread ? null : "m", "i"));
        }
        memory.Taken.ShouldBe(0);
    }

    [Fact]
    public async Task What_a_body_declares_takes_nothing()
    {
        await using var rig = await Rig.StartAsync(services: parts => parts.AddSingleton(new BodyMemory(Most)));
        var memory = rig.Guardrail.Services.GetRequiredService<BodyMemory>();
        var clients = new List<System.Net.Sockets.TcpClient>();
        for (var i = 0; i < 20; i++)
        {
            var client = new System.Net.Sockets.TcpClient();
            clients.Add(client);
            await client.ConnectAsync(IPAddress.Loopback, rig.EgressPort);
            await client
                .GetStream()
                .WriteAsync(
                    Encoding.ASCII.GetBytes(
                        "POST /openai/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 100000000\r\n\r\n{"
                    )
                );
        }
        using var small = await rig.PostAsync("/openai/v1/chat/completions", Rig.Body("hi"));
        small.StatusCode.ShouldBe(HttpStatusCode.OK);
        memory.Taken.ShouldBeLessThan(Most / 2);
        clients.ForEach(client => client.Dispose());
        await Soon.Until(() => memory.Taken == 0, "the memory to be given back");
    }
}
