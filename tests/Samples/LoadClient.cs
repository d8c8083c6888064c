using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace AgentReadiness.Samples;

/// <summary>Sends requests at a rate the whole time, and says once a second and at the end how they went.</summary>
public sealed class LoadClient : IDisposable
{
    private readonly ConcurrentDictionary<int, long> statuses = new();
    private readonly HttpClient shared = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Uri url;
    private readonly byte[] body;
    private readonly bool fresh;
    private readonly string? tag;
    private long sent;
    private long ok;
    private long failed;
    private string? firstError;

    private LoadClient(Uri url, string message, string model, bool fresh, string? tag)
    {
        this.url = url;
        this.tag = tag;
        this.fresh = fresh;
        body = Encoding.UTF8.GetBytes(
            $$"""{"model":"{{JsonEncodedText.Encode(model)}}","messages":"""
                + $$"""[{"role":"user","content":"{{JsonEncodedText.Encode(message)}}"}]}"""
        );
    }

    /// <summary>Runs the verb <c>client</c>. Exit code 0 whatever the answers, 2 for wrong options.</summary>
    public static async Task<int> RunAsync(string[] args, TimeProvider time)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--fresh-connections")
                options[args[i]] = "true";
            else if (args[i].StartsWith("--", StringComparison.Ordinal) && i + 1 < args.Length)
                options[args[i]] = args[++i];
        }
        if (!options.TryGetValue("--url", out var target))
        {
            await Console.Error.WriteLineAsync(
                "usage: client --url U [--rate R] [--concurrency C] [--message M] [--model M] [--duration 10s] [--fresh-connections] "
                    + "[--tag customer=acme]"
            );
            return 2;
        }
        var rate = double.Parse(options.GetValueOrDefault("--rate", "10"), CultureInfo.InvariantCulture);
        var concurrency = int.Parse(options.GetValueOrDefault("--concurrency", "4"), CultureInfo.InvariantCulture);
        var duration = options.TryGetValue("--duration", out var text) ? Seconds(text) : TimeSpan.FromDays(30);
        using var client = new LoadClient(
            new Uri(target),
            options.GetValueOrDefault("--message", "hello"),
            options.GetValueOrDefault("--model", "agent"),
            options.ContainsKey("--fresh-connections"),
            options.GetValueOrDefault("--tag")
        );
        using var stop = new CancellationTokenSource(duration, time);
        using var term = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM,
            c =>
            {
                c.Cancel = true;
                stop.Cancel();
            }
        );
        using var interrupt = PosixSignalRegistration.Create(
            PosixSignal.SIGINT,
            c =>
            {
                c.Cancel = true;
                stop.Cancel();
            }
        );
        var report = client.ReportAsync(time, stop.Token);
        await client.SendAsync(rate, concurrency, time, stop.Token);
        await report;
        Console.WriteLine(client.Summary());
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose() => shared.Dispose();

    private static TimeSpan Seconds(string text) =>
        text.EndsWith('m')
            ? TimeSpan.FromMinutes(double.Parse(text[..^1], CultureInfo.InvariantCulture))
            : TimeSpan.FromSeconds(double.Parse(text.TrimEnd('s'), CultureInfo.InvariantCulture));

    private async Task SendAsync(double rate, int concurrency, TimeProvider time, CancellationToken cancellationToken)
    {
        using var slots = new SemaphoreSlim(concurrency);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / rate), time);
        try
        {
            do
            {
                await slots.WaitAsync(cancellationToken);
                _ = OneAsync(slots);
            } while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The duration is over, or somebody ended us.
        }
        // What is in flight counts too.
        for (var i = 0; i < concurrency; i++)
            await slots.WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
    }

    private async Task OneAsync(SemaphoreSlim slots)
    {
        Interlocked.Increment(ref sent);
        var own = fresh ? new HttpClient(new SocketsHttpHandler { UseProxy = false }) : null;
        try
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
            if (tag?.Split('=', 2) is [var name, var value])
                request.Headers.TryAddWithoutValidation("X-Agent-Tag-" + name, value);
            using var response = await (own ?? shared).SendAsync(request);
            var status = (int)response.StatusCode;
            var text = await response.Content.ReadAsStringAsync();
            statuses.AddOrUpdate(status, 1, (_, n) => n + 1);
            if (response.IsSuccessStatusCode)
            {
                Interlocked.Increment(ref ok);
                return;
            }
            Interlocked.Increment(ref failed);
            Interlocked.CompareExchange(ref firstError, $"{status} {(text.Length > 300 ? text[..300] : text)}", null);
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            Interlocked.Increment(ref failed);
            Interlocked.CompareExchange(ref firstError, exception.GetBaseException().Message, null);
        }
        finally
        {
            own?.Dispose();
            slots.Release();
        }
    }

    private async Task ReportAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                Console.WriteLine(Summary());
        }
        catch (OperationCanceledException)
        {
            // The final summary follows.
        }
    }

    private string Summary()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("sent", Interlocked.Read(ref sent));
            writer.WriteNumber("ok", Interlocked.Read(ref ok));
            writer.WriteNumber("failed", Interlocked.Read(ref failed));
            writer.WriteStartObject("statuses");
            foreach (var (status, count) in statuses.OrderBy(s => s.Key))
                writer.WriteNumber(status.ToString(CultureInfo.InvariantCulture), count);
            writer.WriteEndObject();
            writer.WriteString("firstError", firstError);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
