using System.Diagnostics;
using System.Net.Http.Headers;

namespace AgentReadiness.BenchGuardrail;

/// <summary>Bodies that are dear to read, sent while others stream.</summary>
internal sealed class Hostile : IDisposable
{
    private const int Streaming = 8;
    private const int Interval = 5;
    private const int Size = 1024 * 1024;
    private const string Head = "{\"model\":\"gpt-5.4-mini\",\"max_tokens\":1,";
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";

    private static readonly (string Name, byte[] Body)[] Shapes =
    [
        ("a megabyte of a", Encoding.ASCII.GetBytes(new string('a', Size))),
        ("one long message", Body(Head + "\"messages\":[{\"role\":\"user\",\"content\":\"", _ => "aaaaaaaaaaaaaaaa", "\"}]}")),
        ("nested without an end", Body(Head + "\"x\":", _ => "[", "")),
        (
            "nested 200 deep, again and again",
            Body(Head + Messages + ",\"metadata\":[0", _ => "," + new string('[', 200) + new string(']', 200), "]}")
        ),
        ("many keys", Body(Head + Messages + ",\"metadata\":{\"k\":1", i => $",\"k{i}\":1", "}}")),
        ("many escaped keys", Body(Head + Messages + ",\"metadata\":{\"k\":1", i => $",\"\\u006b{i}\":1", "}}")),
        ("many messages", Body(Head + "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}", _ => ",{\"content\":\"\"}", "]}")),
        ("many tools", Body(Head + Messages + ",\"tools\":[{\"type\":\"function\"}", _ => ",{\"type\":\"function\"}", "]}")),
    ];

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>The largest delay of an event without and with hostile bodies, ms, and what each shape did.</summary>
    public async Task<(double Quiet, double Loud, string Shapes)> RunAsync(
        Streams streams,
        Uri streaming,
        Uri plain,
        int seconds,
        CancellationToken cancellationToken
    )
    {
        var length = TimeSpan.FromSeconds(seconds);
        var quiet = await streams.ReadAsync(streaming, Streaming, Interval, length, cancellationToken);
        var reading = streams.ReadAsync(streaming, Streaming, Interval, length, cancellationToken);
        var posts = new List<(string Shape, long From, long To, int Status)>();
        await Task.Delay(TimeSpan.FromMilliseconds(250), cancellationToken);
        var from = Stopwatch.GetTimestamp();
        while (!reading.IsCompleted)
        {
            var (name, body) = Shapes[posts.Count % Shapes.Length];
            var began = Stopwatch.GetTimestamp();
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            // Refused or passed on: any answer will do, none is a failure of the run.
            using var answer = await http.PostAsync(plain, content, cancellationToken);
            posts.Add((name, began, Stopwatch.GetTimestamp(), (int)answer.StatusCode));
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }
        var loud = await reading;
        // An event that was held up comes after the answer, so what comes within the pause counts too.
        var pause = Stopwatch.Frequency / 100;
        var shapes = posts
            .GroupBy(post => (post.Shape, post.Status))
            .Select(group =>
            {
                var most = loud.Where(one => group.Any(post => one.At >= post.From && one.At <= post.To + pause))
                    .Select(one => one.Delay)
                    .DefaultIfEmpty()
                    .Max();
                return $"    {group.Key.Shape}: {group.Key.Status} after "
                    + $"{group.Max(post => Stopwatch.GetElapsedTime(post.From, post.To).TotalMilliseconds):0.0} ms, event {most:0.00} ms "
                    + $"late";
            });
        return (quiet.Max(one => one.Delay), loud.Where(one => one.At >= from).Max(one => one.Delay), string.Join('\n', shapes));
    }

    public void Dispose() => http.Dispose();

    private static byte[] Body(string start, Func<int, string> part, string end)
    {
        var text = new StringBuilder(start, Size);
        for (var i = 0; ; i++)
        {
            var next = part(i);
            if (text.Length + next.Length + end.Length > Size)
                return Encoding.ASCII.GetBytes(text.Append(end).ToString());
            text.Append(next);
        }
    }
}
