using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Runtime.InteropServices;
using OpenAI;
using OpenAI.Chat;

namespace AgentReadiness.Samples;

/// <summary>An agent gone mad: so many streams at once, the whole time, on the official OpenAI client, whatever is answered.</summary>
public static class Burner
{
    private static readonly TimeSpan AfterRefusal = TimeSpan.FromSeconds(2);

    /// <summary>Runs the verb <c>burner</c> until SIGTERM: <c>--streams N --message M</c>.</summary>
    public static async Task<int> RunAsync(string[] args, string url, SampleAgentOptions options, TimeProvider time)
    {
        string Option(string name, string otherwise) =>
            Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : otherwise;
        var clientOptions = new OpenAIClientOptions
        {
            Endpoint = options.BaseUrl,
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = TimeSpan.FromMinutes(5),
        };
        var chat = new OpenAIClient(new ApiKeyCredential(options.ApiKey), clientOptions).GetChatClient(options.Model);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/healthz" ? 200 : 404;
            return Task.CompletedTask;
        });
        await app.StartAsync();
        using var stop = new CancellationTokenSource();
        using var term = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM,
            signal =>
            {
                signal.Cancel = true;
                stop.Cancel();
            }
        );
        var stopping = stop.Token;
        var limit = new ChatCompletionOptions { MaxOutputTokenCount = int.Parse(Option("--limit", "1000"), CultureInfo.InvariantCulture) };
        var message = Option("--message", "hello");
        await Task.WhenAll(
            Enumerable
                .Range(0, int.Parse(Option("--streams", "64"), CultureInfo.InvariantCulture))
                .Select(_ => BurnAsync(chat, message, limit, time, stopping))
        );
        return 0;
    }

    private static async Task BurnAsync(
        ChatClient chat,
        string message,
        ChatCompletionOptions limit,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                // A stream that runs is read to its end, also while the pod is told to stop: the guardrail waits for it.
                await foreach (var _ in chat.CompleteChatStreamingAsync([new UserChatMessage(message)], limit, CancellationToken.None)) { }
            }
            catch (Exception exception)
                when (exception
                        is ClientResultException
                            or HttpRequestException
                            or IOException
                            or InvalidOperationException
                            or TaskCanceledException
                )
            {
                // Refused or cut off: such an agent simply tries again.
                try
                {
                    await Task.Delay(AfterRefusal, time, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }
}
