using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentReadiness.Contracts.Guardrail;

namespace AgentReadiness.Guardrail.Telemetry;

/// <summary>
/// The log: one JSON object per line, with the message, its fields by their names in the message, and an exception's type and text. Lines
/// are formatted where they arise and written together by a thread of their own, so that a call pays for no system call and waits for no
/// reader.
/// </summary>
internal sealed class JsonLines : ILoggerProvider
{
    // Long enough to write the lines of a busy moment together, short enough for whoever reads along.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);

    private const int LongestBacklog = 4 * 1024 * 1024;
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    [ThreadStatic]
    private static Line? scratch;

    private readonly Stream output;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim news = new(0, 1);
    private readonly CancellationTokenSource stop = new();
    private readonly Thread writer;
    private ArrayBufferWriter<byte> pending = new(64 * 1024);
    private ArrayBufferWriter<byte> spare = new(64 * 1024);
    private long dropped;

    /// <param name="output">Where the lines go.</param>
    /// <param name="time">The clock.</param>
    public JsonLines(Stream output, TimeProvider time)
    {
        (this.output, this.time) = (output, time);
        writer = new Thread(Write) { IsBackground = true, Name = "log" };
        writer.Start();
        AppDomain.CurrentDomain.UnhandledException += (_, _) => Dispose();
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    /// <summary>Writes what is left.</summary>
    public void Dispose()
    {
        if (stop.IsCancellationRequested)
            return;
        stop.Cancel();
        writer.Join();
    }

    private void Add(ReadOnlySpan<byte> line)
    {
        lock (gate)
        {
            // A reader that stalls must not stall the agent's calls.
            if (pending.WrittenCount + line.Length > LongestBacklog)
            {
                dropped++;
                return;
            }
            var first = pending.WrittenCount == 0;
            pending.Write(line);
            if (first && news.CurrentCount == 0)
                news.Release();
        }
    }

    private void Write()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                news.Wait(stop.Token);
                stop.Token.WaitHandle.WaitOne(Linger);
            }
            catch (OperationCanceledException)
            {
                // The last lines follow.
            }
            Flush();
        }
        while (Flush()) { }
    }

    /// <summary>Writes all lines. True where one more, of lost ones, has come up.</summary>
    private bool Flush()
    {
        long lost;
        lock (gate)
        {
            (pending, spare) = (spare, pending);
            (lost, dropped) = (dropped, 0);
        }
        try
        {
            output.Write(spare.WrittenSpan);
            output.Flush();
        }
        catch (IOException)
        {
            // Nobody reads any more: there is no place left to say so.
        }
        spare.ResetWrittenCount();
        if (lost == 0)
            return false;
        new Logger(this, nameof(JsonLines)).LogLinesDropped(lost);
        return true;
    }

    private sealed class Line
    {
        public Line()
        {
            Bytes = new ArrayBufferWriter<byte>(2048);
            Json = new Utf8JsonWriter(Bytes, Options);
        }

        public ArrayBufferWriter<byte> Bytes { get; }

        public Utf8JsonWriter Json { get; }
    }

    private sealed class Logger(JsonLines lines, string category) : ILogger
    {
        private readonly JsonEncodedText category = JsonEncodedText.Encode(category);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            var line = scratch ??= new Line();
            line.Bytes.ResetWrittenCount();
            var json = line.Json;
            json.Reset();
            json.WriteStartObject();
            Span<char> now = stackalloc char[32];
            lines.time.GetUtcNow().UtcDateTime.TryFormat(now, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            json.WriteString("time"u8, now[..length]);
            json.WriteString("level"u8, Name(logLevel));
            json.WriteString("category"u8, category);
            if (eventId.Name is { } name)
                json.WriteString("event"u8, name);
            json.WriteString("message"u8, formatter(state, exception));
            if (state is IReadOnlyList<KeyValuePair<string, object?>> fields)
            {
                for (var i = 0; i < fields.Count; i++)
                {
                    if (fields[i].Key != "{OriginalFormat}")
                        WriteField(json, fields[i].Key, fields[i].Value);
                }
            }
            if (exception is not null)
                json.WriteString("exception"u8, exception.ToString());
            json.WriteEndObject();
            json.Flush();
            line.Bytes.Write("\n"u8);
            lines.Add(line.Bytes.WrittenSpan);
        }

        private static void WriteField(Utf8JsonWriter json, string name, object? value)
        {
            switch (value)
            {
                case null:
                    json.WriteNull(name);
                    break;
                case int number:
                    json.WriteNumber(name, number);
                    break;
                case long number:
                    json.WriteNumber(name, number);
                    break;
                case bool flag:
                    json.WriteBoolean(name, flag);
                    break;
                case GuardrailIdentity agent:
                    json.WriteString("namespace"u8, agent.Namespace);
                    json.WriteString("agent"u8, agent.Name);
                    json.WriteString("revision"u8, agent.Revision);
                    json.WriteString("track"u8, agent.Track);
                    break;
                case IReadOnlyList<KeyValuePair<string, string>> tags:
                    json.WriteStartObject(name);
                    for (var i = 0; i < tags.Count; i++)
                        json.WriteString(tags[i].Key, tags[i].Value);
                    json.WriteEndObject();
                    break;
                default:
                    json.WriteString(name, Convert.ToString(value, CultureInfo.InvariantCulture));
                    break;
            }
        }

        private static ReadOnlySpan<byte> Name(LogLevel level) =>
            level switch
            {
                LogLevel.Trace or LogLevel.Debug => "debug"u8,
                LogLevel.Information => "info"u8,
                LogLevel.Warning => "warning"u8,
                LogLevel.Error => "error"u8,
                _ => "critical"u8,
            };
    }
}
