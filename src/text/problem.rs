//! Why a request was not done, in a few words. The rest is in the problem's detail.

use super::words::table;

table! {
    /// The key, with dashes, is the stable name of the problem on the net.
    pub enum Problem "problem" {
        BadOpening "bad_opening" "公开值与封存值不符" "An opening does not open what the statement seals",
        BadRequest "bad_request" "请求格式不对" "The request is malformed",
        Blocked "blocked" "此批次目前不可用于此用途" "This batch is not cleared for that use",
        Busy "busy" "服务繁忙,请稍后再试" "Too busy just now",
        Conflict "conflict" "同一编号已用于另一份内容" "The same id was used for another statement",
        DeviceFork "device_fork" "本机记录链分叉" "The phone's own chain forks here",
        DeviceGap "device_gap" "本机前一条记录还未送达" "The phone's statement before this one has not arrived",
        Erased "erased" "附件未上传或已删除" "The attachment was never uploaded or is erased",
        Form "form" "内容不符合规定格式" "The statement does not have the form of its kind",
        Internal "internal" "服务内部出错" "Something went wrong inside the service",
        Link "link" "记录链不衔接" "The record does not continue its chain",
        MethodNotAllowed "method_not_allowed" "此地址不支持这种操作" "This address does not do that",
        Mirror "mirror" "这里只是账本副本，请提交到原站" "This is a copy of the ledger: send statements to its own service",
        NotFound "not_found" "没有找到" "Nothing is here",
        NotProven "not_proven" "该时点无法出具证明" "Nothing can be proven as of that size",
        OtherContent "other_content" "文件与承诺不符" "This is not the file that was committed to",
        ReadOnly "read_only" "账本目前只读" "The ledger is read-only just now",
        Right "right" "签名者无此权限" "The signer may not say this",
        Signature "signature" "签名不成立" "A signature is missing, foreign or wrong",
        Size "size" "内容超过上限" "The record would be too large",
        StaleCorrection "stale_correction" "更正的不是当前版本" "The version corrected is not the current one",
        Timeout "timeout" "请求传送太慢" "The request took too long to arrive",
        TooLarge "too_large" "请求过大" "The request is too large",
        TooMany "too_many" "请求过于频繁" "Too many requests",
        Uncertain "uncertain" "是否写入尚不确定,请原样重发" "Whether it was written is not known: send the same again",
        Unknown "unknown" "所指的对象不在账本中" "Something that the statement names is not in the ledger",
        UnknownAttachment "unknown_attachment" "没有已收录的记录提到此附件" "No accepted statement names this attachment",
        UnsupportedMediaType "unsupported_media_type" "不支持此内容类型" "This type of content is not read here",
        WrongLedger "wrong_ledger" "此内容属于另一账本" "The statement is for another ledger",
    }
}
