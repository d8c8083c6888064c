using AgentReadiness.Contracts.Guardrail;
using Microsoft.AspNetCore.Builder;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>A provider that answers every request with the same words, behind a guardrail that takes it for one of the catalog's.</summary>
internal sealed class CannedProvider : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Rig rig;

    private CannedProvider(WebApplication app, Rig rig, List<string> bodies) => (this.app, this.rig, Bodies) = (app, rig, bodies);

    /// <summary>The bodies that reached it.</summary>
    public List<string> Bodies { get; }

    public Rig Rig => rig;

    /// <param name="format">The upstream's wire format; its name is the same.</param>
    /// <param name="answer">What it answers.</param>
    /// <param name="provider">The provider that the catalog takes it for; null: none.</param>
    /// <param name="facts">More members of the provider's entry.</param>
    /// <param name="status">The status.</param>
    /// <param name="headers">Headers of the answer.</param>
    public static async Task<CannedProvider> StartAsync(
        string format,
        string answer,
        string? provider = null,
        string facts = "",
        int status = 200,
        params (string Name, string Value)[] headers
    )
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var bodies = new List<string>();
        var app = WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add(url);
        app.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            bodies.Add(await reader.ReadToEndAsync());
            http.Response.StatusCode = status;
            http.Response.ContentType = answer.StartsWith("data:", StringComparison.Ordinal) ? "text/event-stream" : "application/json";
            foreach (var (name, value) in headers)
                http.Response.Headers[name] = value;
            await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer));
        });
        await app.StartAsync();
        var rig = await Rig.StartAsync(
            formats: (config, _, _) =>
                new GuardrailConfig
                {
                    Agent = config.Agent,
                    Upstreams =
                    [
                        new UpstreamConfig
                        {
                            Name = "it",
                            Format = format,
                            Url = url,
                        },
                    ],
                    ModelCall = new CallPolicy { Timeout = "10s", Attempts = 1 },
                    DrainTimeout = "2s",
                },
            prices: provider is null
                ? null
                : $$"""{"providers":[{"id":"{{provider}}","url":"http://127\\.0\\.0\\.1",{{facts}}"models":[]}]}"""
        );
        return new CannedProvider(app, rig, bodies);
    }

    /// <summary>Makes a call, and waits until it is booked where it was let through.</summary>
    public async Task<(int Status, string Body)> CallAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.EgressPort}/it{path}");
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await rig.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (Bodies.Count > 0)
            await rig.BookedAsync(1);
        return ((int)response.StatusCode, text);
    }

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }
}
