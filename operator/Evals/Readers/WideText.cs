using System.Text;

namespace AgentReadiness.Evals.Readers;

/// <summary>A text in UTF-16, with or without a sign of its byte order.</summary>
internal sealed class WideText
{
    private readonly Encoding encoding;
    private readonly int skip;

    private WideText(bool bigEndian, int skip, bool isXml)
    {
        encoding = new UnicodeEncoding(bigEndian, byteOrderMark: false, throwOnInvalidBytes: true);
        this.skip = skip;
        IsXml = isXml;
    }

    /// <summary>Whether it begins as XML; its parser reads UTF-16 by itself.</summary>
    public bool IsXml { get; }

    /// <summary>Whether a file begins as such a text; null for any other.</summary>
    /// <exception cref="ResultsException">It is UTF-32, or neither XML nor JSON.</exception>
    public static WideText? Of(ReadOnlySpan<byte> start)
    {
        if (start is [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..])
            throw ResultsException.Unreadable("the file is UTF-32, which is not read: save it as UTF-8");
        var marked = start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..];
        var bigEndian = start is [0xFE, 0xFF, ..] or [0, not 0, ..];
        if (!marked && start is not ([0, not 0, ..] or [not 0, 0, ..]))
            return null;
        var text = (bigEndian ? Encoding.BigEndianUnicode : Encoding.Unicode).GetString(start[(marked ? 2 : 0)..]).TrimStart();
        return text is [] or ['\0', ..] ? throw new ResultsException(EvalReasons.NoCases, "the file holds nothing but space, in UTF-16")
            : text[0] is '<' or '{' or '[' ? new WideText(bigEndian, marked ? 2 : 0, text[0] == '<')
            : throw new ResultsException(EvalReasons.UnknownFormat, "UTF-16, but neither a JSON object, nor a list, nor XML");
    }

    /// <summary>The text from its start, as UTF-8.</summary>
    /// <param name="file">Seekable; it stays open.</param>
    public Stream ToUtf8(Stream file)
    {
        file.Position = skip;
        return new Checked(Encoding.CreateTranscodingStream(file, encoding, Encoding.UTF8, leaveOpen: true));
    }

    /// <summary>Half a character is a fault of the file, and not of the program.</summary>
    private sealed class Checked(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            try
            {
                return inner.Read(buffer, offset, count);
            }
            catch (DecoderFallbackException exception)
            {
                throw ResultsException.Unreadable($"the file begins as UTF-16, and is none: {exception.Message}", exception);
            }
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
