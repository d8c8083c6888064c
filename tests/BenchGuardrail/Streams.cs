using System.Diagnostics;
using System.Net.Http.Headers;

namespace AgentReadiness.BenchGuardrail;

/// <summary>An event that came.</summary>
/// <param name="At">When, in ticks of the stopwatch.</param>
/// <param name="Delay">Since it was sent, ms.</param>
internal readonly record struct Arrival(long At, double Delay);

/// <summary>Reads streams side by side.</summary>
internal sealed class Streams : IDisposable
{
    private static readonly string Body = Target.Body.Insert(1, "\"stream\":true,");

    // While streams open they do not beat evenly.
    private static readonly TimeSpan Opening = TimeSpan.FromMilliseconds(250);
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>The events of every stream, but for those while it opened. Throws where a stream is not whole.</summary>
    public async Task<IReadOnlyList<Arrival>> ReadAsync(
        Uri url,
        int streams,
        int interval,
        TimeSpan length,
        CancellationToken cancellationToken
    )
    {
        var events = (int)((Opening + length).TotalMilliseconds / interval);
        var all = await Task.WhenAll(
            Enumerable
                .Range(0, streams)
                .Select(_ => OneAsync(new Uri(url, $"?events={events}&interval={interval}"), events, cancellationToken))
        );
        return [.. all.SelectMany(one => one.Skip((int)(Opening.TotalMilliseconds / interval)))];
    }

    public void Dispose() => http.Dispose();

    private async Task<List<Arrival>> OneAsync(Uri url, int events, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new StringContent(Body, new MediaTypeHeaderValue("application/json")),
        };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        var arrivals = new List<Arrival>(events);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            var now = Stopwatch.GetTimestamp();
            var at = line.IndexOf(StreamUpstream.Mark, StringComparison.Ordinal);
            if (at < 0)
                continue;
            var digits = line.AsSpan(at + StreamUpstream.Mark.Length);
            var sent = long.Parse(digits[..digits.IndexOf('"')], CultureInfo.InvariantCulture);
            arrivals.Add(new Arrival(now, Stopwatch.GetElapsedTime(sent, now).TotalMilliseconds));
        }
        return arrivals.Count == events
            ? arrivals
            : throw new InvalidOperationException($"{url} brought {arrivals.Count} of {events} events");
    }
}
